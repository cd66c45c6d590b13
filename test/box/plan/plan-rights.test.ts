import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {planBox} from '../../../source/box/plan/plan.ts';
import {refuseRoot} from '../../../source/box/plan/run-as.ts';
import type {BoxFacts, BoxRequest} from '../../../source/box/plan/types.ts';
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
		assert.deepEqual([capDrop, securityOptions, labels['gpubox.sudo']], [['ALL'], [], 'true']);
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
