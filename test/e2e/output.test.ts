import assert from 'node:assert/strict';
import {after, before, describe, test} from 'node:test';
import {makePerson, type Person, testHost} from '../_helpers/test-host/index.ts';

const host = testHost();
const {node, cli} = host.program;

describe('where the output goes', () => {
	let person: Person;
	before(async () => {
		person = await makePerson(host, 'printer');
	});
	after(() => person.remove());

	const shell = (line: string) => person.run('/bin/sh', ['-c', `gpubox() { '${node}' '${cli}' "$@"; }; ${line}`]);

	test('a pipe that takes it late gets all of it', async () => {
		const {stdout} = await shell('gpubox images --all --json | (sleep 1; cat)');
		// More than a pipe holds.
		assert.ok(stdout.length > 65_536);
		assert.doesNotThrow(() => JSON.parse(stdout));
	});

	test('a reader that goes away is no failure', async () => {
		const {stdout, stderr} = await shell('{ gpubox images --all --json; echo $? >&2; } | head -n 1');
		assert.equal(stdout, '{\n');
		assert.equal(stderr, '0\n');
	});

	test('a full disk is told in one line', async () => {
		const {stdout, stderr} = await shell('gpubox ls > /dev/full; echo $?');
		assert.equal(stdout, '1\n');
		assert.match(stderr, /^gpubox: The output cannot be written: ENOSPC.*\n {2}→ Make room/);
		assert.equal(stderr.trim().split('\n').length, 2);
	});
});
