import assert from 'node:assert/strict';
import {chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, test} from 'node:test';
import {Failure} from '../../source/base/failure.ts';
import {take} from '../../source/base/take.ts';
import {agreedFrom, forgetTrust, keepTrust, readTrust} from '../../source/settings/trust.ts';

let folder: string;
let state: string;
beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), 'gpubox-trust-'));
	state = join(folder, 'gpubox/boxes');
});
afterEach(() => rmSync(folder, {recursive: true, force: true}));

const one = {key: 'postCreate', text: 'make', digest: 'a'.repeat(64)};
const two = {key: 'secrets', text: 'HF_TOKEN', digest: 'b'.repeat(64)};
const fileOf = () => join(folder, 'gpubox/trust', readdirSync(join(folder, 'gpubox/trust'))[0] ?? '');

test('what was agreed to is there again, for that project and nobody else to read', async () => {
	const before = process.umask(0);
	try {
		await keepTrust(state, '/projects/a', [one]);
	} finally {
		process.umask(before);
	}

	assert.deepEqual(readTrust(state, '/projects/a'), [one]);
	assert.deepEqual(readTrust(state, '/projects/b'), []);
	assert.equal(statSync(fileOf()).mode & 0o777, 0o600);
	assert.equal(statSync(join(folder, 'gpubox/trust')).mode & 0o777, 0o700);
	await keepTrust(state, '/projects/a', [two]);
	assert.deepEqual(readTrust(state, '/projects/a'), [one, two]);
	assert.deepEqual(readdirSync(join(folder, 'gpubox/trust')).length, 1);
	assert.ok(await forgetTrust(state, '/projects/a'));
	assert.ok(!(await forgetTrust(state, '/projects/a')));
	assert.deepEqual(readTrust(state, '/projects/a'), []);
});

test('a file that others could have written is no answer', async () => {
	await keepTrust(state, '/projects/a', [one]);
	const file = fileOf();
	chmodSync(file, 0o666);
	assert.deepEqual(readTrust(state, '/projects/a'), []);
	chmodSync(file, 0o600);
	assert.deepEqual(readTrust(state, '/projects/a'), [one]);
	chmodSync(join(folder, 'gpubox/trust'), 0o777);
	assert.deepEqual(readTrust(state, '/projects/a'), []);
	chmodSync(join(folder, 'gpubox/trust'), 0o700);
	rmSync(file);
	writeFileSync(join(folder, 'other'), JSON.stringify({project: '/projects/a', agreed: [one]}), {mode: 0o600});
	symlinkSync(join(folder, 'other'), file);
	assert.deepEqual(readTrust(state, '/projects/a'), []);
});

test('only what can be an answer for this project is taken', () => {
	for (const kept of [
		null,
		1,
		[],
		{},
		{project: '/projects/b', agreed: [one]},
		{project: '/projects/a', agreed: 'all'},
	]) {
		assert.deepEqual(agreedFrom(kept, '/projects/a'), []);
	}

	assert.deepEqual(agreedFrom({project: '/projects/a', agreed: [null, 1, {digest: 'x'}, one]}, '/projects/a'), [one]);
});

test('an answer that cannot be kept is told', async () => {
	mkdirSync(join(folder, 'gpubox'));
	writeFileSync(join(folder, 'gpubox/trust'), '');
	await assert.rejects(keepTrust(state, '/projects/a', [one]), Failure);
});

test('two changes at once come one after the other', async () => {
	const [first, second] = [one, two].map((each) => keepTrust(state, '/projects/a', [each]));
	await Promise.all([first, second]);
	assert.deepEqual(readTrust(state, '/projects/a'), [one, two]);
	mkdirSync(join(folder, 'gpubox'), {recursive: true});
	const giveBack = take(join(folder, 'gpubox'), 'trust');
	assert.ok(giveBack);
	const waiting = keepTrust(state, '/projects/a', [{...one, digest: 'c'.repeat(64)}]);
	// What another process does meanwhile.
	rmSync(fileOf());
	giveBack();
	await waiting;
	assert.deepEqual(
		readTrust(state, '/projects/a').map(({digest}) => digest),
		['c'.repeat(64)],
	);
});
