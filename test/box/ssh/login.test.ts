import assert from 'node:assert/strict';
import {mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, test} from 'node:test';
import {Failure} from '../../../source/base/failure.ts';
import {addAuthorizedKeys, readLogin, writeSshFiles} from '../../../source/box/ssh/login.ts';

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
	const hostKey = 'ssh-ed25519 AAAA';
	assert.deepEqual(readLogin(paths(), 'box'), {hostKey, identityFiles: ['/a'], fromAgent: false});
	put({identityFiles: ['/a'], only: false, agentKeys: ['ssh-ed25519 CCCC agent']});
	const agentFile = join(state, 'box/agent-1.pub');
	assert.deepEqual(readLogin(paths(), 'box'), {hostKey, identityFiles: ['/a', agentFile], fromAgent: true});
	for (const value of [
		{identityFiles: 5},
		{identityFiles: [5]},
		{identityFiles: [], agentKeys: 'a'},
		{},
		[],
		5,
		null,
	]) {
		put(value);
		assert.equal(readLogin(paths(), 'box'), undefined, JSON.stringify(value));
	}
});

test('a folder in the place of the keys that may log in is told', () => {
	put({identityFiles: [], only: false});
	mkdirSync(join(state, 'box/files/ssh/authorized_keys'));
	assert.throws(
		() =>
			addAuthorizedKeys(paths(), 'box', {
				authorized: ['ssh-ed25519 BBBB x'],
				identityFiles: [],
				only: false,
				agentKeys: [],
			}),
		(error) => error instanceof Failure && /Cannot read .*authorized_keys: it is a folder/.test(error.message),
	);
});

test('keys that are added later are also told to ssh, and those of before stay', () => {
	const [old, pair, agent] = ['ssh-ed25519 OLD a', 'ssh-ed25519 PAIR b', 'ssh-ed25519 AGENT c'];
	put({identityFiles: ['/old'], only: false});
	writeFileSync(join(state, 'box/files/ssh/authorized_keys'), `${old}\n`);
	const keys = {authorized: [pair, agent], identityFiles: ['/pair'], only: false, agentKeys: [agent]};
	addAuthorizedKeys(paths(), 'box', keys);
	assert.equal(readFileSync(join(state, 'box/files/ssh/authorized_keys'), 'utf8'), `${old}\n${pair}\n${agent}\n`);
	const agentFile = join(state, 'box/agent-1.pub');
	assert.deepEqual(readLogin(paths(), 'box')?.identityFiles, ['/pair', '/old', agentFile]);
	assert.equal(readFileSync(agentFile, 'utf8'), `${agent}\n`);
});

test('the server takes keys below system folders of another user only where the engine maps users', () => {
	const configOf = (foreignRoot: boolean) => {
		const files = new Map<string, string>();
		writeSshFiles(
			{name: 'a', foreignRoot},
			{authorized: [], identityFiles: [], only: false, agentKeys: []},
			(file, content) => files.set(file, content),
		);
		return files.get('files/ssh/sshd_config') ?? '';
	};
	assert.match(configOf(false), /^StrictModes yes$/m);
	assert.match(configOf(true), /^StrictModes no$/m);
	assert.equal(configOf(true).replace('StrictModes no', 'StrictModes yes'), configOf(false));
});
