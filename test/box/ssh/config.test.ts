import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import fc from 'fast-check';
import {planSshFiles, type SshBox, type SshFiles} from '../../../source/box/ssh/config.ts';

const nothing: SshFiles = {config: undefined, hosts: undefined, knownHosts: undefined};
const engine = 'unix:///var/run/docker.sock';
const box = (name: string, more: Partial<SshBox> = {}): SshBox => ({
	name,
	host: '127.0.0.1',
	port: 2222,
	user: 'alice',
	hostKey: `ssh-ed25519 KEY-OF-${name}`,
	keys: {identityFiles: [], only: false},
	...more,
});
const plan = (current: SshFiles, boxes: SshBox[], where = engine) =>
	planSshFiles(current, where, boxes, '/home/alice/.ssh');

describe('the files in ~/.ssh', () => {
	test('of a first box', () => {
		const files = plan(nothing, [box('alice-train')]);
		assert.equal(files.config, 'Include gpubox.config\n');
		assert.equal(
			files.hosts,
			[
				'# Managed by gpubox. Do not edit: changes are overwritten.',
				'# Boxes of unix:///var/run/docker.sock',
				'Host alice-train gpubox-alice-train',
				'\tHostName 127.0.0.1',
				'\tPort 2222',
				'\tUser alice',
				'\tHostKeyAlias gpubox-alice-train',
				'\tUserKnownHostsFile "/home/alice/.ssh/gpubox_known_hosts"',
				'\tStrictHostKeyChecking yes',
				'\tUpdateHostKeys no',
				'\tCheckHostIP no',
				'\tProxyJump none',
				'',
			].join('\n'),
		);
		assert.match(files.knownHosts ?? '', /^gpubox-alice-train ssh-ed25519 KEY-OF-alice-train$/m);
	});

	test('a key that ssh would not find is named', () => {
		const keys = {identityFiles: ['/home/alice/.ssh/100% mine'], only: true};
		const {hosts} = plan(nothing, [box('a', {keys})]);
		assert.match(hosts ?? '', /\n\tIdentityFile "\/home\/alice\/.ssh\/100%% mine"\n\tIdentitiesOnly yes\n/);
	});

	test('of another engine stay what they were', () => {
		const one = plan(nothing, [box('a')]);
		const two = plan(one, [box('b', {port: 2223})], 'unix:///run/user/1000/docker.sock');
		assert.match(two.hosts ?? '', /Host a /);
		assert.match(two.hosts ?? '', /Host b /);
		assert.deepEqual(plan(two, [], 'unix:///run/user/1000/docker.sock'), one);
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
