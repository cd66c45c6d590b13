import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import fc from 'fast-check';
import {planSshFiles, type SshFiles} from '../../../source/box/ssh/config.ts';
import {type SshBox, type SshVersion, sshOptions} from '../../../source/box/ssh/options.ts';

const nothing: SshFiles = {config: undefined, hosts: undefined, knownHosts: undefined};
const engine = 'unix:///var/run/docker.sock';
const box = (name: string, more: Partial<SshBox> = {}): SshBox => ({
	name,
	host: '127.0.0.1',
	port: 2222,
	user: 'alice',
	hostKey: `ssh-ed25519 KEY-OF-${name}`,
	identityFiles: [],
	fromAgent: false,
	...more,
});
const plan = (current: SshFiles, boxes: SshBox[], where = engine) =>
	planSshFiles(current, {engine: where, folder: '/home/alice/.ssh', version: {major: 9, minor: 2}}, boxes);

describe('the files in ~/.ssh', () => {
	test('of a first box', () => {
		const files = plan(nothing, [box('alice-train')]);
		assert.equal(files.config, 'Include gpubox.config\n');
		const known = '/home/alice/.ssh/gpubox_known_hosts';
		assert.equal(
			files.hosts,
			[
				'# Managed by gpubox. Do not edit: changes are overwritten.',
				'# Boxes of unix:///var/run/docker.sock',
				'Host alice-train gpubox-alice-train',
				...sshOptions(box('alice-train'), known, {major: 9, minor: 2}).map((line) => `\t${line}`),
				'',
			].join('\n'),
		);
		assert.match(files.knownHosts ?? '', /^gpubox-alice-train ssh-ed25519 KEY-OF-alice-train$/m);
	});

	test('a key that ssh would not find is named', () => {
		const {hosts} = plan(nothing, [box('a', {identityFiles: ['/home/alice/.ssh/100% mine']})]);
		assert.match(hosts ?? '', /\n\tIdentityFile "\/home\/alice\/.ssh\/100%% mine"\n\tIdentitiesOnly yes\n/);
	});

	test('of another engine stay what they were', () => {
		const one = plan(nothing, [box('a')]);
		const two = plan(one, [box('b', {port: 2223})], 'unix:///run/user/1000/docker.sock');
		assert.match(two.hosts ?? '', /Host a /);
		assert.match(two.hosts ?? '', /Host b /);
		assert.deepEqual(plan(two, [], 'unix:///run/user/1000/docker.sock'), one);
	});

	test("the line is also known as its owner may write it, and then is the owner's", () => {
		for (const line of [
			'Include ~/.ssh/gpubox.config',
			'  include "gpubox.config"',
			'Include other.config gpubox.config',
		]) {
			const files = plan({...nothing, config: `${line}\nHost *\n`}, [box('a')]);
			assert.equal(files.config, `${line}\nHost *\n`);
			assert.equal(plan(files, []).config, `${line}\nHost *\n`);
		}

		for (const line of ['Include my-gpubox.config', 'Include gpubox.config.old', '# Include gpubox.config']) {
			assert.equal(plan({...nothing, config: line}, [box('a')]).config, `Include gpubox.config\n${line}`);
		}
	});

	test('are gone with the last box, and with them the line', () => {
		const before = {...nothing, config: 'Host *\n\tForwardAgent no\n'};
		assert.deepEqual(plan(plan(before, [box('a'), box('b')]), []), before);
		assert.deepEqual(plan(plan(nothing, [box('a')]), []), nothing);
	});

	test("the line stays where its owner put it, and nothing else of the owner's changes", () => {
		const config = 'Host build\n\tPort 22\n\nInclude gpubox.config\n';
		assert.equal(plan({...nothing, config}, [box('a')]).config, config);
		assert.equal(
			plan({...nothing, config: '# Include gpubox.config\n'}, [box('a')]).config,
			'Include gpubox.config\n# Include gpubox.config\n',
		);
	});
});

describe('the way into a box', () => {
	const linesFor = (more: Partial<SshBox>) => sshOptions(box('a', more), '/k', {major: 9, minor: 2});
	const words = (lines: string[]) => lines.map((line) => line.split(' ')[0]);

	test('has each keyword once, but for the keys', () => {
		const found = words(linesFor({identityFiles: ['/a'], fromAgent: true}));
		assert.equal(new Set(found).size, found.length);
	});

	test('has no keyword that the client does not know, which would refuse the whole file', () => {
		const newer = (version: SshVersion) => {
			const there = words(sshOptions(box('a'), '/k', version));
			return words(linesFor({})).filter((word) => !there.includes(word));
		};
		const since87 = ['SessionType', 'StdinNull', 'ForkAfterAuthentication'];
		assert.deepEqual(newer({major: 10, minor: 0}), []);
		assert.deepEqual(newer({major: 8, minor: 6}), since87);
		assert.deepEqual(newer({major: 8, minor: 4}), ['KnownHostsCommand', ...since87]);
		assert.deepEqual(newer({major: 7, minor: 5}), ['KnownHostsCommand', 'RemoteCommand', ...since87]);
		assert.deepEqual(newer(undefined), ['KnownHostsCommand', 'RemoteCommand', ...since87]);
	});

	test('starts from the address family of the box', () => {
		const from = (host: string) => linesFor({host}).find((line) => line.startsWith('BindAddress'));
		assert.equal(from('127.0.0.1'), 'BindAddress 127.0.0.1');
		assert.equal(from('192.0.2.7'), 'BindAddress 0.0.0.0');
		assert.equal(from('::1'), 'BindAddress ::1');
		assert.equal(from('2001:db8::7'), 'BindAddress ::');
	});

	test("asks the agent only where the agent's keys open the box", () => {
		assert.ok(linesFor({identityFiles: ['/b/agent-1.pub'], fromAgent: true}).includes('IdentityAgent SSH_AUTH_SOCK'));
		const files = linesFor({identityFiles: ['/s/id_rsa']});
		assert.ok(files.includes('IdentitiesOnly yes') && files.includes('PKCS11Provider none'));
		assert.ok(!files.some((line) => line.startsWith('IdentityAgent')));
		assert.ok(!linesFor({identityFiles: ['/token.pub']}).includes('PKCS11Provider none'));
		assert.ok(!linesFor({}).includes('IdentitiesOnly yes'), 'a box of an earlier version: ssh looks for the key');
	});

	test('is by password where the server of the image asks for one', () => {
		const lines = linesFor({password: true, hostKey: 'ssh-rsa KEY'});
		assert.ok(lines.includes('PreferredAuthentications keyboard-interactive,password'));
		assert.ok(lines.includes('PubkeyAuthentication no'));
		assert.ok(lines.includes('HostKeyAlgorithms rsa-sha2-512,rsa-sha2-256,ssh-rsa'));
	});
});

const names = fc.uniqueArray(fc.stringMatching(/^[a-z0-9][a-z0-9_.-]{0,20}$/), {maxLength: 4});

test('whatever comes and goes: planning again changes nothing, and a config ends as it began', () => {
	fc.assert(
		fc.property(fc.option(fc.string({minLength: 1}), {nil: undefined}), fc.array(names), (config, steps) => {
			fc.pre(config !== undefined ? !/^Include gpubox\.config$/m.test(config) : true);
			const start = {...nothing, config};
			let files: SshFiles = start;
			for (const step of steps) {
				const boxes = step.map((name) => box(name));
				files = plan(files, boxes);
				assert.deepEqual(plan(files, boxes), files);
				assert.equal(files.config?.endsWith(config ?? '') ?? true, true);
			}

			assert.deepEqual(plan(files, []), start);
		}),
	);
});
