import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {portableJob} from '../../../../source/app/portable-job.ts';
import type {SwarmNode, SwarmTask} from '../../../../source/engine/swarm/swarm.ts';
import {stackService} from '../../../../source/job/export/targets/swarm.ts';
import {stateOfGone} from '../../../../source/job/place/gone.ts';
import {toServiceSpec} from '../../../../source/job/place/swarm/swarm-spec.ts';
import {stateOfTask} from '../../../../source/job/place/swarm/swarm-state.ts';

const node: SwarmNode = {
	id: 'n',
	hostname: 'node1',
	address: '10.0.0.1',
	state: 'ready',
	message: '',
	gpus: 2,
};
const down = {...node, state: 'down', message: 'heartbeat failure'};

function task(values: Partial<SwarmTask>): SwarmTask {
	return {
		id: 't',
		createdAt: '2026-11-26T03:14:11.884113032Z',
		nodeId: 'n',
		state: 'running',
		message: 'started',
		error: '',
		at: '2026-11-26T03:14:12.465257632Z',
		exitCode: undefined,
		desired: 'complete',
		gpus: ['GPU-aaa'],
		...values,
	};
}

const here = {node, downMs: undefined};

describe('a task of a Swarm (texts of Docker 20.10)', () => {
	test('waits for a node with room, and while it is prepared', () => {
		const pending = task({state: 'pending', error: 'no suitable node (insufficient resources on 2 nodes)'});
		assert.deepEqual(stateOfTask(pending, here), {
			kind: 'waiting',
			reason: 'no node has room for it: insufficient resources on 2 nodes',
		});
		assert.deepEqual(stateOfTask(task({state: 'new'}), here), {kind: 'waiting', reason: null});
		assert.match(
			JSON.stringify(stateOfTask(task({state: 'preparing'}), here)),
			/node1 \(10\.0\.0\.1\) is preparing it/,
		);
	});

	test('runs on a node and GPUs; a node that is away is named at once, and given up soon', () => {
		assert.deepEqual(stateOfTask(task({}), here), {
			kind: 'running',
			where: 'node1 (10.0.0.1)',
			cards: ['GPU-aaa'],
			trouble: null,
		});
		const away = stateOfTask(task({}), {node: down, downMs: 1000});
		assert.match(
			away.kind === 'running' ? (away.trouble ?? '') : '',
			/node1 \(10\.0\.0\.1\) is down: heartbeat failure/,
		);
		assert.equal(stateOfTask(task({}), {node: down, downMs: 13_000}).kind, 'lost');
		const rejected = task({state: 'rejected', error: 'assigned node no longer meets constraints'});
		assert.deepEqual(stateOfTask(rejected, {node: down, downMs: 0}), {
			kind: 'lost',
			reason: 'Its node node1 (10.0.0.1) is down: heartbeat failure.',
			fix: 'Start it again.',
		});
		assert.equal(stateOfTask(rejected, here).kind, 'lost');
	});

	for (const [name, values, expected] of [
		['well', {state: 'complete', exitCode: 0}, [0, null, '']],
		['with its own code', {state: 'failed', exitCode: 7, error: 'task: non-zero exit (7)'}, [7, null, '']],
		['by a signal', {state: 'failed', exitCode: 137, error: 'task: non-zero exit (137)'}, [137, 'SIGKILL', '']],
		['when it was stopped', {state: 'shutdown', exitCode: 5}, [5, null, 'It was stopped.']],
		['when it was stopped and ended well', {state: 'shutdown', exitCode: 0}, [0, null, '']],
		[
			'because its container did not start',
			{state: 'failed', exitCode: 128, error: 'starting container failed: no such device'},
			[125, null, 'The node could not start it: starting container failed: no such device.'],
		],
		[
			'because its image is missing',
			{state: 'rejected', error: 'No such image: registry.example/x:1'},
			[125, null, 'The node refused it: No such image: registry.example/x:1.'],
		],
	] as const) {
		test(`ends ${name}`, () => {
			const state = stateOfTask(task(values), here);
			assert.equal(state.kind, 'ended');
			assert.deepEqual([state.exitCode, state.signal, state.reason], expected);
			assert.equal(state.at, '2026-11-26T03:14:12.465Z');
		});
	}

	test('is gone: cancelled, stopped, or removed by others', () => {
		const code = (state: ReturnType<typeof stateOfGone>) => (state.kind === 'ended' ? state.exitCode : state.kind);
		assert.equal(code(stateOfGone({stopping: true, ran: false}, 'the swarm')), 130);
		assert.equal(code(stateOfGone({stopping: true, ran: true}, 'the swarm')), 143);
		assert.equal(code(stateOfGone({stopping: false, ran: true}, 'the swarm')), 'lost');
	});
});

test('the API gets what the stack says', () => {
	const {job} = portableJob(
		{
			project: '/home/alice/vision',
			settings: {
				name: 'vision',
				image: 'registry.example/vision:1',
				gpus: '2',
				env: {ODD: 'a $b'},
				limits: {memory: '1g', cpus: 1.5, shmSize: '2g', pids: 100},
				secrets: ['TOKEN'],
			},
			winners: [
				{key: 'mounts', value: '/data:/data:ro', origin: {place: 'gpubox.yaml', where: 'gpubox.yaml:1', base: '/'}},
			],
		},
		{command: ['python', 'train.py'], user: '7:8', stopTimeout: 60},
	);
	const spec = toServiceSpec(stackService(job), {
		name: 'alice-vision-1',
		labels: {'gpubox.kind': 'run'},
		secretIds: new Map([['TOKEN', 'id-of-it']]),
	}) as Record<string, never> & {TaskTemplate: {ContainerSpec: Record<string, unknown>; Resources: unknown}};
	const {ContainerSpec, Resources} = spec.TaskTemplate;
	assert.deepEqual(Resources, {
		Limits: {MemoryBytes: 1024 ** 3, NanoCPUs: 1.5e9, Pids: 100},
		Reservations: {GenericResources: [{DiscreteResourceSpec: {Kind: 'gpu', Value: 2}}]},
	});
	assert.deepEqual(spec.Mode, {ReplicatedJob: {MaxConcurrent: 1, TotalCompletions: 1}});
	assert.deepEqual((ContainerSpec.Command as string[]).slice(-2), ['python', 'train.py']);
	assert.equal(ContainerSpec.User, '7:8');
	assert.equal(ContainerSpec.StopGracePeriod, 60e9);
	assert.ok((ContainerSpec.Env as string[]).includes('ODD=a $b'));
	assert.deepEqual(ContainerSpec.Secrets, [
		{SecretID: 'id-of-it', SecretName: 'TOKEN', File: {Name: '/run/secrets/TOKEN', UID: '7', GID: '8', Mode: 0o400}},
	]);
	assert.deepEqual((ContainerSpec.Mounts as object[]).slice(0, 2), [
		{Type: 'tmpfs', Target: '/dev/shm', TmpfsOptions: {SizeBytes: 2 * 1024 ** 3}},
		{Type: 'bind', Source: '/data', Target: '/data', ReadOnly: true},
	]);
});
