import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {test} from 'node:test';
import {Failure} from '../source/base/failure.ts';

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
