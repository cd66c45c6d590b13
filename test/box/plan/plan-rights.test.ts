import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {toDockerRun} from '../../../source/box/plan/docker-run.ts';
import {planBox} from '../../../source/box/plan/plan.ts';
import {refuseRoot} from '../../../source/box/plan/run-as.ts';
import {refuseSudoOfRemapped} from '../../../source/box/plan/sudo.ts';
import type {BoxFacts, BoxRequest} from '../../../source/box/plan/types.ts';
import {toCreateBody} from '../../../source/engine/docker/translate.ts';
import type {EngineInfo} from '../../../source/engine/engine.ts';

const request: BoxRequest = {
	project: '/data/train',
	services: ['ssh'],
	gpus: 'none',
	shareGpus: false,
	bind: '127.0.0.1',
	mounts: [],
	environment: {},
};
const alice = {name: 'alice', uid: 1000, gid: 1000};
const facts: BoxFacts = {
	request,
	person: alice,
	runAs: alice,
	name: 'alice-train',
	folder: 'alice-train~1',
	nonce: 'nonce',
	imageLabels: [],
	image: 'image',
	startImage: 'image',
	gpus: [],
	gpuShare: undefined,
	raisesLimits: true,
	ports: {ssh: 2222},
	engine: {cpus: 8, memoryBytes: 64 * 1024 ** 3, flavour: 'docker'} as EngineInfo,
	paths: {config: '/c', state: '/state', home: '/h', cache: '/k', ssh: '/s', secrets: '/dev/shm/gpubox-1000'},
	now: new Date('2026-01-01T00:00:00Z'),
};

describe('what a box may do', () => {
	test('is nothing but what its user may, with SSH too', () => {
		const {capDrop, capAdd, securityOptions, labels} = planBox(facts);
		assert.deepEqual([capDrop, capAdd, securityOptions], [['ALL'], [], ['no-new-privileges']]);
		assert.equal(labels['gpubox.sudo'], 'false');
	});

	test('is to become root inside by choice only, which shows, and never to reach out', () => {
		const {capDrop, capAdd, securityOptions, labels} = planBox({...facts, request: {...request, sudo: true}});
		assert.deepEqual([capDrop, securityOptions, labels['gpubox.sudo']], [['ALL'], ['no-new-privileges:false'], 'true']);
		assert.ok(capAdd.includes('SETUID'));
		for (const capability of [
			'SYS_ADMIN',
			'NET_ADMIN',
			'NET_RAW',
			'MKNOD',
			'SYS_PTRACE',
			'DAC_READ_SEARCH',
			'SYS_MODULE',
		]) {
			assert.ok(!capAdd.includes(capability), capability);
		}
	});

	test("is root's only where root asked for that, too", () => {
		const root = {name: 'root', uid: 0, gid: 0};
		assert.throws(() => refuseRoot(root, {project: '/data/train'}), /everything in its box would run as root/);
		refuseRoot(root, {project: '/data/train', sudo: true});
		refuseRoot(alice, {project: '/data/train'});
		assert.deepEqual(planBox({...facts, person: root, runAs: root}).capAdd, []);
	});
});

describe('home and caches', () => {
	const mounted = (owner: typeof alice, runAs: typeof alice) =>
		planBox({...facts, person: owner, runAs})
			.mounts.filter(({target}) => /^\/home\/[^/]+(\/\.cache)?$/.test(target))
			.map(({source}) => source);

	test('are those of who calls', () => {
		assert.deepEqual(mounted(alice, alice), ['/h', '/k']);
	});

	test('are a pair for each person whose boxes root makes', () => {
		const root = {name: 'root', uid: 0, gid: 0};
		assert.deepEqual(mounted(root, alice), ['/h-1000', '/k-1000']);
		assert.deepEqual(mounted(root, {...alice, uid: 1001}), ['/h-1001', '/k-1001']);
		assert.deepEqual(mounted(root, root), ['/h', '/k']);
	});
});

describe('the secrets of a box', () => {
	const secrets = [
		{name: 'HF_TOKEN', variable: false},
		{name: 'WANDB_API_KEY', variable: true},
	];
	const spec = planBox({...facts, request: {...request, secrets}});

	test('are mounted read-only from memory, and named in a label', () => {
		const mounts = spec.mounts.filter(({target}) => target.startsWith('/run/secrets/'));
		assert.deepEqual(
			mounts.map(({source, target, readOnly}) => [source, target, readOnly]),
			[
				['/dev/shm/gpubox-1000/alice-train~1/HF_TOKEN', '/run/secrets/HF_TOKEN', true],
				['/dev/shm/gpubox-1000/alice-train~1/WANDB_API_KEY', '/run/secrets/WANDB_API_KEY', true],
			],
		);
		assert.equal(spec.labels['gpubox.secrets'], 'HF_TOKEN,WANDB_API_KEY');
	});

	test('are named to shells where that was asked for', () => {
		assert.equal(spec.environment.GPUBOX_SECRET_VARIABLES, 'WANDB_API_KEY');
		assert.ok(!('GPUBOX_SECRET_VARIABLES' in planBox(facts).environment));
	});
});

describe('what an engine may choose for all containers', () => {
	const hardened: EngineInfo = {
		...facts.engine,
		runtimes: ['io.containerd.runc.v2', 'runc', 'runsc'],
		cgroupVersion: '2',
		noNewPrivileges: true,
		logDriver: 'none',
		defaultRuntime: 'runsc',
		remapsUsers: true,
	};

	test('is said by the box where it depends on it', () => {
		const spec = planBox({...facts, engine: hardened, gpus: ['GPU-1'], request: {...request, sudo: true}});
		const {HostConfig, StopSignal, Healthcheck} = toCreateBody(spec) as {
			HostConfig: Record<string, unknown>;
			StopSignal: string;
			Healthcheck: unknown;
		};
		const {Ulimits, LogConfig, ...said} = HostConfig;
		assert.deepEqual(
			['SecurityOpt', 'IpcMode', 'CgroupnsMode', 'UsernsMode', 'Runtime', 'Init', 'RestartPolicy', 'ShmSize'].map(
				(name) => said[name],
			),
			[['no-new-privileges:false'], 'private', 'private', 'host', 'runc', true, {Name: 'no'}, 8 * 1024 ** 3],
		);
		assert.deepEqual(LogConfig, {Type: 'json-file', Config: {'max-size': '10m', 'max-file': '3'}});
		assert.deepEqual(
			(Ulimits as Array<{Name: string; Hard: number}>).map(({Name, Hard}) => [Name, Hard]),
			[
				['memlock', -1],
				['stack', 67_108_864],
				['nofile', 65_536],
				['nproc', -1],
			],
		);
		assert.deepEqual([StopSignal, Healthcheck], ['SIGTERM', {Test: ['NONE']}]);
		const line = toDockerRun(spec);
		for (const option of [
			'--security-opt no-new-privileges:false',
			'--ipc private',
			'--cgroupns private',
			'--userns host',
			'--runtime runc',
			'--no-healthcheck',
			'--stop-signal SIGTERM',
			'--ulimit nproc=-1:-1',
		]) {
			assert.ok(line.includes(` ${option} `), `${option} in ${line}`);
		}
	});

	test("is the engine's own where a box does not: a runtime that gives GPUs, a sandbox for a box without any", () => {
		for (const [defaultRuntime, gpus] of [
			['nvidia', ['GPU-1']],
			['runsc', []],
			[undefined, ['GPU-1']],
		] as Array<[string | undefined, string[]]>) {
			const {defaultRuntime: _other, ...engine} = hardened;
			const spec = planBox({...facts, engine: {...engine, ...(defaultRuntime ? {defaultRuntime} : {})}, gpus});
			assert.equal(spec.runtime, undefined, defaultRuntime);
		}
	});

	test('is neither asked nor said of Podman, which has no such settings', () => {
		const {ipc, cgroupNamespace, userNamespace, runtime} = planBox({
			...facts,
			engine: {...hardened, flavour: 'podman'},
			gpus: ['GPU-1'],
		});
		assert.deepEqual([ipc, cgroupNamespace, userNamespace, runtime], [undefined, undefined, undefined, undefined]);
	});

	test('refuses --sudo where the files of images belong to other users', () => {
		assert.throws(() => refuseSudoOfRemapped(hardened, {sudo: true}), /userns-remap/);
		refuseSudoOfRemapped(hardened, {});
		refuseSudoOfRemapped(facts.engine, {sudo: true});
	});
});

describe("proxies of Docker's own configuration", () => {
	const proxies = {HTTP_PROXY: 'http://proxy.example:3128', http_proxy: 'http://proxy.example:3128'};

	test('are in every box, and what the user sets wins, name by name as with docker run', () => {
		const {environment} = planBox({...facts, proxies, request: {...request, environment: {HTTP_PROXY: 'http://mine'}}});
		assert.deepEqual([environment.HTTP_PROXY, environment.http_proxy], ['http://mine', 'http://proxy.example:3128']);
	});

	test("are in boxes with the image's own server too", () => {
		assert.equal(planBox({...facts, proxies, ownServer: {start: ['x']}}).environment.HTTP_PROXY, proxies.HTTP_PROXY);
	});
});
