import assert from 'node:assert/strict';
import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, test} from 'node:test';
import {Failure} from '../../../source/base/failure.ts';
import {addAuthorizedKeys, readLogin} from '../../../source/box/ssh/login.ts';

let state: string;
beforeEach(() => {
	state = mkdtempSync(join(tmpdir(), 'gpubox-ssh-files-'));
	mkdirSync(join(state, 'box/files/ssh'), {recursive: true});
	writeFileSync(join(state, 'box/files/ssh/host_key.pub'), 'ssh-ed25519 AAAA gpubox\n');
});
afterEach(() => rmSync(state, {recursive: true, force: true}));

const put = (value: unknown) => writeFileSync(join(state, 'box/login.json'), JSON.stringify(value));
const paths = () => ({state}) as never;

test('what a box knows of the login is taken only when it can be that', () => {
	put({identityFiles: ['/a'], only: true});
	assert.deepEqual(readLogin(paths(), 'box')?.keys, {identityFiles: ['/a'], only: true});
	for (const value of [{identityFiles: 5}, {identityFiles: [5]}, {}, [], 5, null]) {
		put(value);
		assert.equal(readLogin(paths(), 'box'), undefined, JSON.stringify(value));
	}
});

test('a folder in the place of the keys that may log in is told', () => {
	put({identityFiles: [], only: false});
	mkdirSync(join(state, 'box/files/ssh/authorized_keys'));
	assert.throws(
		() => addAuthorizedKeys(paths(), 'box', {authorized: ['ssh-ed25519 BBBB x'], identityFiles: [], only: false}),
		(error) => error instanceof Failure && /Cannot read .*authorized_keys: it is a folder/.test(error.message),
	);
});
