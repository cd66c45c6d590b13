import assert from 'node:assert/strict';
import {mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync} from 'node:fs';
import {homedir, tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {Failure} from '../../../source/base/failure.ts';
import {hashRequest} from '../../../source/box/plan/base.ts';
import {flagSettings, keyFilesOf, makeRequest, type UpFlags} from '../../../source/box/plan/request.ts';
import type {BoxRequest} from '../../../source/box/plan/types.ts';
import {defaults, merge, type Sourced, toSettings} from '../../../source/settings/merge.ts';

let folder: string;
before(() => {
	folder = realpathSync(mkdtempSync(join(tmpdir(), 'gpubox-request-')));
	for (const name of ['project/data', 'elsewhere/data']) {
		mkdirSync(join(folder, name), {recursive: true});
	}
});
after(() => rmSync(folder, {recursive: true, force: true}));

function team(key: string, value: unknown, item?: true): Sourced {
	const base = join(folder, 'project');
	return {key, value, origin: {place: 'gpubox.yaml', where: 'gpubox.yaml:3', base}, ...(item ? {item} : {})};
}

/** The request that flags, given in another folder than the project's, and a file make. */
function request(flags: UpFlags, file: Sourced[] = []): BoxRequest {
	const winners = merge([flagSettings(flags, join(folder, 'elsewhere')), file, defaults]);
	return makeRequest(flags, {project: join(folder, 'project'), winners, settings: toSettings(winners)});
}

test('without anything said a request is for Jupyter on the freest GPU, for this machine only', () => {
	assert.deepEqual(request({}), {
		project: join(folder, 'project'),
		services: ['jupyter'],
		gpus: 'auto',
		shareGpus: false,
		bind: '127.0.0.1',
		mounts: [],
		environment: {},
	});
});

test('flags win over the file', () => {
	const made = request({ssh: true, gpus: '1', memory: '2g', cpus: 3, pidsLimit: 99, bind: '::1', env: ['A=flag']}, [
		team('services', ['jupyter']),
		team('gpus', 'all'),
		team('limits.memory', '64g'),
		team('limits.cpus', 1),
		team('limits.shmSize', '1g'),
		team('limits.pids', 4096),
		team('bind', '0.0.0.0'),
		team('env.A', 'file'),
		team('env.B', 'file'),
	]);
	assert.deepEqual(
		[made.services, made.gpus, made.memoryBytes, made.cpus, made.sharedMemoryBytes, made.pidsLimit, made.bind],
		[['ssh'], '1', 2 * 1024 ** 3, 3, 1024 ** 3, 99, '::1'],
	);
	assert.deepEqual(made.environment, {A: 'flag', B: 'file'});
});

test('a relative mount starts from where it was said', () => {
	const {mounts} = request({mount: ['data:/flag']}, [team('mounts', './data:/file:ro', true)]);
	assert.deepEqual(mounts, [
		{type: 'bind', source: join(folder, 'elsewhere/data'), target: '/flag'},
		{type: 'bind', source: join(folder, 'project/data'), target: '/file', readOnly: true},
	]);
});

test('key files of gpubox.yaml are read where it stands, the own ones are only named, and ~ is the home', () => {
	mkdirSync(join(folder, 'project/keys'), {recursive: true});
	writeFileSync(join(folder, 'project/keys/alice.pub'), 'ssh-ed25519 AAAA alice\n');
	const own = {...team('ssh.keys', '~/.ssh/id.pub', true)};
	own.origin = {...own.origin, place: 'personal'};
	const winners = [team('ssh.keys', 'keys/alice.pub', true), own];
	const path = join(folder, 'project/keys/alice.pub');
	const said = 'keys/alice.pub';
	assert.deepEqual(keyFilesOf(winners, {services: ['ssh']}), [
		{path, said, content: 'ssh-ed25519 AAAA alice\n', hasPrivate: false},
		join(homedir(), '.ssh/id.pub'),
	]);
	// Where they open nothing, nobody has to have them.
	assert.deepEqual(keyFilesOf([team('ssh.keys', 'missing.pub', true)], {services: ['jupyter']}), [
		{path: join(folder, 'project/missing.pub'), said: 'missing.pub', content: '', hasPrivate: false},
	]);
	assert.equal(keyFilesOf([], {}), undefined);
});

const refused: Array<[flags: UpFlags, file: Sourced[], message: RegExp]> = [
	[{memory: 'plenty'}, [], /^--memory: invalid size plenty\.$/],
	[{shmSize: '1k'}, [], /^--shm-size: invalid size 1k\.$/],
	[{mount: ['/data']}, [], /^Invalid value for --mount: \/data\. The form is SRC:DST\[:ro\]\.$/],
	[{mount: ['/data:relative']}, [], /The form is SRC:DST/],
	[{mount: ['missing:/data']}, [], /^Cannot mount .*elsewhere\/missing: no such file or folder \(--mount\)\.$/],
	[
		{},
		[team('mounts', 'missing:/data', true)],
		/^Cannot mount .*project\/missing: no such file or folder \(gpubox\.yaml:3\)\.$/,
	],
	[{env: ['1A=b']}, [], /^--env 1A is not a valid variable\.$/],
	[{env: ['GPUBOX_TEST_NOT_SET']}, [], /^--env GPUBOX_TEST_NOT_SET is not set in your environment\.$/],
];

for (const [flags, file, message] of refused) {
	test(`refused: ${JSON.stringify(flags)} ${JSON.stringify(file.map(({key}) => key))}`, () => {
		assert.throws(
			() => request(flags, file),
			(error) => error instanceof Failure && error.exitCode === 2 && message.test(error.message),
		);
	});
}

test('the hash tells requests apart by everything that shapes the box, nested things too', () => {
	const base = request({});
	const others: BoxRequest[] = [
		{...base, environment: {SEED: '1'}},
		{...base, environment: {SEED: '2'}},
		{...base, mounts: [{type: 'bind', source: '/a', target: '/data'}]},
		{...base, mounts: [{type: 'bind', source: '/b', target: '/data'}]},
		{...base, packages: {apt: [], pip: ['einops']}},
		{...base, postCreate: 'make'},
		{...base, pidsLimit: 100},
	];
	assert.equal(new Set([base, ...others].map(hashRequest)).size, others.length + 1);
});

test('the hash does not hang on names, preferences and the order of variables', () => {
	const base = request({env: ['A=1', 'B=2']});
	for (const same of [
		request({env: ['B=2', 'A=1']}),
		{...base, name: 'other'},
		{...base, projectName: 'vision'},
		{...base, preferredPorts: {jupyter: 9000}},
	]) {
		assert.equal(hashRequest(same), hashRequest(base));
	}
});
