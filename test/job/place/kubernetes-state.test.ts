import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {
	type Pod,
	stateOfJob,
	stateOfPods,
	tellNodes,
	troubleOfNode,
} from '../../../source/job/place/kubernetes-state.ts';

function pod(status: Pod['status'], created = '2026-11-26T03:00:00Z'): Pod {
	return {metadata: {name: 'vision-1-x', creationTimestamp: created}, spec: {nodeName: 'node1'}, status};
}

const terminated = (exitCode: number, reason = 'Error') =>
	pod({
		phase: 'Failed',
		containerStatuses: [{state: {terminated: {exitCode, reason, finishedAt: '2026-11-26T04:00:00Z'}}}],
	});
const one = {nodes: 1, gpus: 2};

describe('the pods of a job', () => {
	test('wait for a node, and for a container', () => {
		const message = '0/3 nodes are available: 3 Insufficient nvidia.com/gpu.';
		const unschedulable = pod({
			phase: 'Pending',
			conditions: [{type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message}],
		});
		assert.deepEqual(stateOfPods([unschedulable], one), {kind: 'waiting', reason: message});
		const creating = pod({phase: 'Pending', containerStatuses: [{state: {waiting: {reason: 'ContainerCreating'}}}]});
		assert.deepEqual(stateOfPods([creating], one), {
			kind: 'waiting',
			reason: 'its node prepares it: it may pull the image',
		});
	});

	test('a container that will never start ends it; one that may is waited for', () => {
		const stuck = (reason: string) =>
			stateOfPods([pod({phase: 'Pending', containerStatuses: [{state: {waiting: {reason, message: 'm'}}}]})], one);
		assert.equal(stuck('ErrImagePull').kind, 'waiting');
		for (const reason of ['ImagePullBackOff', 'CreateContainerConfigError', 'InvalidImageName']) {
			const state = stuck(reason);
			assert.equal(state.kind === 'ended' && state.exitCode, 125, reason);
		}
	});

	test('end with the code of their container; a signal and memory are told', () => {
		const of = (exitCode: number, reason?: string) => {
			const state = stateOfPods([terminated(exitCode, reason)], one);
			assert.equal(state.kind, 'ended');
			return [state.exitCode, state.signal, state.reason];
		};
		assert.deepEqual(of(7), [7, null, '']);
		assert.deepEqual(of(0, 'Completed'), [0, null, '']);
		assert.deepEqual(of(143), [143, 'SIGTERM', '']);
		assert.deepEqual(of(137, 'OOMKilled'), [137, 'SIGKILL', 'It used more memory than it may and was killed.']);
	});

	test('of several nodes: all have to end well, and one that fails is the end', () => {
		const running = pod({phase: 'Running'});
		const two = {nodes: 2, gpus: 4};
		assert.equal(stateOfPods([terminated(0), running], two).kind, 'running');
		assert.equal(stateOfPods([terminated(0), terminated(0)], two).kind, 'ended');
		const failed = stateOfPods([running, terminated(3)], two);
		assert.equal(failed.kind === 'ended' && failed.exitCode, 3);
	});

	test('a pod that was replaced does not count', () => {
		const evicted = pod({phase: 'Failed', reason: 'Evicted', message: 'low on memory'}, '2026-11-26T02:00:00Z');
		assert.equal(stateOfPods([evicted], one).kind, 'lost');
		assert.equal(stateOfPods([evicted, pod({phase: 'Running'})], one).kind, 'running');
	});
});

test('a job without pods: its time is up, it is held, a quota forbids it', () => {
	const deadline = stateOfJob(
		{status: {conditions: [{type: 'Failed', status: 'True', reason: 'DeadlineExceeded', message: 'm'}]}},
		undefined,
	);
	assert.equal(deadline.kind === 'ended' && deadline.exitCode, 143);
	assert.deepEqual(stateOfJob({spec: {suspend: true}}, undefined), {
		kind: 'waiting',
		reason: 'it is suspended: its queue has no room',
	});
	assert.deepEqual(stateOfJob({}, 'FailedCreate: exceeded quota: gpus'), {
		kind: 'waiting',
		reason: 'FailedCreate: exceeded quota: gpus',
	});
});

test('nodes: their GPUs, and one that is not ready', () => {
	const node = (name: string, gpus?: string) => ({
		metadata: {name},
		status: {allocatable: gpus === undefined ? {} : {'nvidia.com/gpu': gpus}},
	});
	assert.equal(tellNodes({items: [node('a', '4'), node('b'), node('c', '8')]}), 'GPUs: a 4, c 8');
	assert.equal(tellNodes({items: [node('b')]}), 'No node offers nvidia.com/gpu.');
	assert.equal(troubleOfNode('a', {status: {conditions: [{type: 'Ready', status: 'True'}]}}), null);
	const away = {type: 'Ready', status: 'Unknown', message: 'Kubelet stopped posting node status.'};
	assert.match(troubleOfNode('a', {status: {conditions: [away]}}) ?? '', /^Its node a is not ready: Kubelet stopped/);
});
