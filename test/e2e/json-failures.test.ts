import assert from 'node:assert/strict';
import {after, before, describe, test} from 'node:test';
import {makeProgram} from '../../source/program.ts';
import {makePerson, type Person, testHost} from '../_helpers/test-host/index.ts';

// Every verb of the table: what prints has --json, and fails under it with one line of JSON on stderr and nothing on stdout.

const host = testHost();
const verbs = makeProgram().commands.filter((command) => !command.name().startsWith('_'));

/** Verbs whose output is that of a program in a box, a script for the shell, or a screen. */
const withoutJson = ['attach', 'ssh', 'completion', 'demo'];

/** What a verb is given, so that its arguments are right. */
const operands: Record<string, string[]> = {
	pull: ['debian:12'],
	convert: ['absent.ipynb'],
	export: ['compose'],
	run: ['--', 'true'],
	wait: ['nothing-1'],
	init: ['--yes'],
	check: ['nothing'],
	trust: ['/nonexistent'],
	config: ['no.such.key'],
};

/** What needs no engine, or says what is wrong with it as its result. */
const succeeds = ['config', 'doctor', 'images', 'trust', 'export', 'gpus', 'runs', 'lock', 'verify', 'init', 'hosts'];

describe('--json', () => {
	let person: Person;
	before(async () => {
		person = await makePerson(host, 'scripter');
	});
	after(() => person.remove());

	test('is an option of every verb that prints', () => {
		const without = verbs
			.filter(({options}) => !options.some(({long}) => long === '--json'))
			.map((verb) => verb.name());
		assert.deepEqual(without.sort(), withoutJson.sort());
	});

	for (const verb of verbs.filter((command) => !withoutJson.includes(command.name()))) {
		const name = verb.name();
		test(`${name} fails with one line of JSON on stderr`, async () => {
			const given = operands[name] ?? (verb.registeredArguments.length > 0 ? ['nothing'] : []);
			const end = given.indexOf('--');
			const words = [
				name,
				...given.slice(0, end < 0 ? undefined : end),
				'--json',
				...(end < 0 ? [] : given.slice(end)),
			];
			const away = {env: {DOCKER_HOST: 'unix:///nonexistent/docker.sock', PATH: '/usr/bin:/bin'}};
			const {code, stdout, stderr} = await person.runGpubox(words, away);
			if (code === 0 || (stdout !== '' && succeeds.includes(name))) {
				assert.ok(succeeds.includes(name), `${words.join(' ')} printed ${stdout}`);
				assert.doesNotThrow(() => JSON.parse(stdout), stdout);
				return;
			}

			assert.equal(stdout, '', words.join(' '));
			assertFailure(stderr, code);
		});

		test(`${name} refuses an unknown option in the same way`, async () => {
			const {code, stdout, stderr} = await person.runGpubox([name, '--json', '--no-such-option']);
			assert.deepEqual([code, stdout], [2, '']);
			assert.equal(assertFailure(stderr, code).code, 'usage');
		});
	}
});

function assertFailure(stderr: string, code: number | null): {code: string} {
	const last = stderr.trimEnd().split('\n').at(-1) ?? '';
	const failure = JSON.parse(last) as {error: string; code: string; exitCode: number; fix: string | null};
	assert.deepEqual(Object.keys(failure).slice(0, 4), ['error', 'code', 'exitCode', 'fix']);
	assert.ok(failure.error.length > 0);
	assert.equal(failure.exitCode, code);
	return failure;
}
