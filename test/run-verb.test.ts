import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {describe, test} from 'node:test';
import {exitCode, Failure} from '../source/base/failure.ts';
import {failureJson, wantsJson} from '../source/run-verb.ts';

function run(code: string) {
	return spawnSync(process.execPath, ['--import=tsx', '--input-type=module', '--eval', code], {encoding: 'utf8'});
}

test('what waits for something that never comes ends in words', () => {
	const {status, stdout, stderr} = run(`
		import {failWhenStuck} from './source/run-verb.ts';
		failWhenStuck();
		await new Promise(() => {});
	`);
	assert.equal(status, 1);
	assert.equal(stdout, '');
	assert.match(stderr, /^gpubox: gpubox waited for [^\n]+\n {2}→ [^\n]+\n$/);
});

test('what has come to its end does not', () => {
	const {status, stderr} = run(`
		import {failWhenStuck} from './source/run-verb.ts';
		failWhenStuck()();
	`);
	assert.equal(status, 0);
	assert.equal(stderr, '');
});

test('a failure is safe to print whatever name is in it', () => {
	const failure = new Failure('There is no box named "\u001B[31mx\u0007\u202E".', {
		fix: 'Look\u001B]0;owned\u0007: gpubox ls\n',
	});
	assert.equal(failure.message, 'There is no box named "x".');
	assert.equal(failure.fix, 'Look: gpubox ls');
	const {stderr} = run(`
		import {runVerb} from './source/run-verb.ts';
		import {Failure} from './source/base/failure.ts';
		process.env.GPUBOX_DEBUG = '1';
		const failure = new Failure('a', {details: ['\\u001B[2Jb'], cause: new Error('c\\u001B[2J\\u0007')});
		await runVerb(() => Promise.reject(failure));
	`);
	assert.match(stderr, /^gpubox: a\n {2}b\n/);
	assert.doesNotMatch(stderr, /[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/);
});

describe('a failure under --json', () => {
	test('is one line of JSON on stderr, and stdout is empty', () => {
		const {status, stdout, stderr} = run(`
			import {runVerb} from './source/run-verb.ts';
			import {Failure} from './source/base/failure.ts';
			process.argv = ['node', 'gpubox', 'ls', '--json'];
			await runVerb(() => Promise.reject(new Failure('No box.', {fix: 'gpubox ls', exitCode: 6, details: ['a\u001B[2Jb']})));
		`);
		assert.deepEqual([status, stdout], [6, '']);
		assert.match(stderr, /^[^\n]+\n$/);
		assert.deepEqual(JSON.parse(stderr), {
			error: 'No box.',
			code: 'no-such-box',
			exitCode: 6,
			fix: 'gpubox ls',
			details: ['ab'],
		});
	});

	test('has a code of its own for each exit code', () => {
		const codes = Object.values(exitCode)
			.filter((code) => code !== 0)
			.map((code) => (JSON.parse(failureJson(new Failure('x', {exitCode: code}))) as {code: string}).code);
		assert.equal(new Set(codes).size, codes.length);
		assert.ok(
			codes.every((code) => /^[a-z]+(-[a-z]+)*$/.test(code)),
			codes.join(),
		);
		assert.equal((JSON.parse(failureJson(new Failure('x'))) as {fix: unknown}).fix, null);
	});

	test('is asked for before the command of a box begins', () => {
		const asked = (line: string) => wantsJson(['node', 'gpubox', ...line.split(' ')]);
		assert.deepEqual([asked('ls --json'), asked('attach box -- prog --json'), asked('ls')], [true, false, false]);
	});
});
