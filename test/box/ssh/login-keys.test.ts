import assert from 'node:assert/strict';
import {mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {describe, test} from 'node:test';
import {Failure} from '../../../source/base/failure.ts';
import {makeSshKey} from '../../../source/box/ssh/keygen.ts';
import {chooseLoginKeys, findLoginKeys, type KeyFile} from '../../../source/box/ssh/login-keys.ts';

const line = (comment: string) => makeSshKey(comment).publicLine;
const file = (path: string, content: string, hasPrivate = true): KeyFile => ({path, content, hasPrivate});

describe('whose keys open a box', () => {
	test("the agent's and the key pairs of ~/.ssh, each once", () => {
		const [a, b] = [line('a'), line('b')];
		const keys = chooseLoginKeys({agent: `${a}\n`, files: [file('/s/id_ed25519.pub', a), file('/s/id_rsa.pub', b)]});
		const identityFiles = ['/s/id_ed25519', '/s/id_rsa'];
		assert.deepEqual(keys, {authorized: [a, b], identityFiles, only: false, agentKeys: []});
	});

	test("not a public key without its private half: it is somebody else's", () => {
		assert.equal(chooseLoginKeys({agent: '', files: [file('/s/bob.pub', line('bob'), false)]}), undefined);
	});

	test('every file is told to ssh, also under a name that it tries by itself; what only the agent has is known as such', () => {
		const agent = line('agent');
		const keys = chooseLoginKeys({
			agent,
			files: [file('/s/id_ed25519.pub', line('a')), file('/s/work.pub', line('b'))],
		});
		assert.deepEqual(keys?.identityFiles, ['/s/id_ed25519', '/s/work']);
		assert.equal(keys?.only, false);
		assert.deepEqual(keys?.agentKeys, [agent]);
	});

	test('of the files that the setting names, and no others', () => {
		const [a, b] = [line('a'), line('b')];
		const keys = chooseLoginKeys({
			named: [file('/s/work.pub', a), file('/token.pub', b, false)],
			agent: line('agent'),
			files: [file('/s/id_ed25519.pub', line('c'))],
		});
		// For a private key in the agent, ssh takes the public file.
		assert.deepEqual(keys, {authorized: [a, b], identityFiles: ['/s/work', '/token.pub'], only: true, agentKeys: []});
	});

	test('a list of keys without files of their own can be named', () => {
		const [a, b] = [line('laptop'), line('tablet')];
		const keys = chooseLoginKeys({
			named: [file('/s/authorized_keys', `# mine\n${a}\n\n${b}\n`, false)],
			agent: '',
			files: [file('/s/id_ed25519.pub', a)],
		});
		assert.deepEqual(keys, {authorized: [a, b], identityFiles: ['/s/id_ed25519'], only: true, agentKeys: [b]});
	});

	test('nothing that is more or less than a plain key', () => {
		const key = line('x');
		const agent = [
			'The agent has no identities.',
			`command="backup" ${key}`,
			`from="10.0.0.1" ${line('y')}`,
			'ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAIAo9 me',
			'ssh-ed25519 short',
		].join('\n');
		assert.equal(chooseLoginKeys({agent, files: []}), undefined);
	});

	test('a comment cannot bring control characters into a file', () => {
		const keys = chooseLoginKeys({agent: `${line('me\u001B[2J\ttoo')}\n`, files: []});
		assert.match(keys?.authorized[0] ?? '', /^ssh-ed25519 \S+ me\[2Jtoo$/);
	});
});

describe('findLoginKeys', () => {
	const folder = mkdtempSync(join(tmpdir(), 'gpubox-keys-'));
	const agent = process.env.SSH_AUTH_SOCK;

	test('makes a key for someone who has none, and finds it again', async (t) => {
		delete process.env.SSH_AUTH_SOCK;
		t.after(() => {
			if (agent !== undefined) {
				process.env.SSH_AUTH_SOCK = agent;
			}
		});
		const ssh = join(folder, 'new', '.ssh');
		const made = await findLoginKeys(ssh, undefined);
		assert.deepEqual(made.identityFiles, [join(ssh, 'gpubox_ed25519')]);
		assert.equal(statSync(join(ssh, 'gpubox_ed25519')).mode & 0o777, 0o600);
		assert.equal(statSync(ssh).mode & 0o777, 0o700);
		assert.deepEqual(await findLoginKeys(ssh, undefined), made);
	});

	test('never over a key that has lost its public half', async () => {
		const ssh = join(folder, 'half');
		mkdirSync(ssh);
		writeFileSync(join(ssh, 'gpubox_ed25519'), 'precious');
		const socket = process.env.SSH_AUTH_SOCK;
		delete process.env.SSH_AUTH_SOCK;
		await assert.rejects(findLoginKeys(ssh, undefined), Failure);
		process.env.SSH_AUTH_SOCK = socket ?? '';
		assert.equal(readFileSync(join(ssh, 'gpubox_ed25519'), 'utf8'), 'precious');
	});

	test('a setting that names nothing usable is refused', async (t) => {
		t.after(() => rmSync(folder, {recursive: true}));
		await assert.rejects(findLoginKeys(folder, [join(folder, 'absent.pub')]), /Cannot read/);
		writeFileSync(join(folder, 'empty.pub'), 'no key\n');
		await assert.rejects(findLoginKeys(folder, [join(folder, 'empty.pub')]), /No public key found/);
	});
});
