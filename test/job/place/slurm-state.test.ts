import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {tellPartitions} from '../../../source/job/place/slurm.ts';
import {stateFromSacct, stateFromScontrol, tellReason, troubleOfNodes} from '../../../source/job/place/slurm-state.ts';

/** A line of `scontrol show job -d -o` of Slurm 22.05, shortened, with other values. */
function line(values: Record<string, string>): string {
	const all = {
		JobId: '7',
		JobName: 'alice-vision-3',
		JobState: 'RUNNING',
		Reason: 'None',
		ExitCode: '0:0',
		DerivedExitCode: '0:2',
		TimeLimit: '00:10:00',
		StartTime: '2026-11-26T02:44:32',
		EndTime: '2026-11-26T02:54:32',
		NodeList: 'node1',
		...values,
	};
	return Object.entries(all)
		.map(([key, value]) => `${key}=${value}`)
		.join(' ');
}

describe('a job of Slurm', () => {
	test('waits for what Slurm names', () => {
		const state = stateFromScontrol(
			line({JobState: 'PENDING', Reason: 'Resources', StartTime: 'Unknown', NodeList: ''}),
		);
		assert.deepEqual(state, {kind: 'waiting', reason: 'others use what it needs (Resources)'});
		assert.match(tellReason('QOSMaxGRESPerUser'), /quality of service.*\(QOSMaxGRESPerUser\)/);
		assert.match(
			tellReason('Nodes_required_for_job_are_DOWN,_DRAINED_or_reserved'),
			/^nodes that it needs are down.*\(Nodes required for job/,
		);
		assert.equal(tellReason('SomethingNew'), 'SomethingNew');
		assert.equal(tellReason(''), 'Slurm gives no reason');
	});

	test('runs on nodes and GPUs', () => {
		const running = `${line({})} JOB_GRES=gpu:4   Nodes=node1 CPU_IDs=0-3 Mem=1000 GRES=gpu:2(IDX:0-1)   Nodes=node2 CPU_IDs=0-3 Mem=1000 GRES=gpu:a100:2(IDX:0,3) MinCPUsNode=1`;
		assert.deepEqual(stateFromScontrol(running), {
			kind: 'running',
			where: 'node1',
			cards: ['GPU 0-1 of node1', 'GPU 0,3 of node2'],
			trouble: null,
		});
		assert.equal(stateFromScontrol(line({JobState: 'COMPLETING', ExitCode: '7:0'})).kind, 'running');
	});

	test('a value cannot stand for another one', () => {
		const state = stateFromScontrol(line({WorkDir: '/home/x JobState=COMPLETED ExitCode=0:0', JobState: 'RUNNING'}));
		assert.equal(state.kind, 'running');
	});

	for (const [name, values, expected] of [
		['with its own code', {JobState: 'FAILED', Reason: 'NonZeroExitCode', ExitCode: '7:0'}, [7, null, '']],
		['well', {JobState: 'COMPLETED'}, [0, null, '']],
		['by a signal', {JobState: 'FAILED', ExitCode: '0:9'}, [137, 'SIGKILL', '']],
		['cancelled while it ran', {JobState: 'CANCELLED', ExitCode: '0:15'}, [143, 'SIGTERM', 'It was cancelled.']],
		[
			'at its limit of time',
			{JobState: 'TIMEOUT', ExitCode: '0:0'},
			[143, 'SIGTERM', 'It reached its time limit of 00:10:00.'],
		],
		[
			'out of memory',
			{JobState: 'OUT_OF_MEMORY', ExitCode: '0:125'},
			[137, 'SIGKILL', 'It used more memory than it may and was killed.'],
		],
		[
			'without an output file',
			{JobState: 'FAILED', ExitCode: '0:53'},
			[125, null, 'Slurm could not open the file of its output.'],
		],
		[
			'before it ran',
			{JobState: 'CANCELLED', NodeList: '', ExitCode: '0:0'},
			[130, null, 'It was cancelled before it started.'],
		],
		[
			'preempted',
			{JobState: 'PREEMPTED', ExitCode: '0:15'},
			[143, 'SIGTERM', 'Slurm preempted it for a job with a higher priority.'],
		],
		[
			'by a node that does not start it',
			{JobState: 'BOOT_FAIL', ExitCode: '0:0'},
			[125, null, 'Slurm could not start it on node1 (BOOT_FAIL).'],
		],
	] as const) {
		test(`ends ${name}`, () => {
			const state = stateFromScontrol(line(values));
			assert.equal(state.kind, 'ended');
			assert.deepEqual([state.exitCode, state.signal, state.reason], expected);
			assert.equal(state.at, '2026-11-26T02:54:32.000Z');
		});
	}

	test('is lost with its node', () => {
		const state = stateFromScontrol(line({JobState: 'NODE_FAIL', Reason: 'NodeDown'}));
		assert.deepEqual([state.kind, state.kind === 'lost' && state.reason], ['lost', 'Its node node1 failed.']);
	});

	test('is found in the accounts when the controller has forgotten it', () => {
		const state = stateFromSacct('CANCELLED by 1000|0:15|2026-11-26T02:54:32|node1|10:00\n');
		assert.equal(state?.kind === 'ended' && state.exitCode, 143);
		const waited = stateFromSacct('CANCELLED by 1000|0:0|2026-11-26T02:54:32|None assigned|10:00\n');
		assert.equal(waited?.kind === 'ended' && waited.exitCode, 130);
		assert.equal(stateFromSacct('\n'), undefined);
	});
});

test('nodes that Slurm does not hear from are named', () => {
	const node = (name: string, state: string) => `NodeName=${name} Arch=x86_64 State=${state} ThreadsPerCore=1`;
	assert.equal(troubleOfNodes(`${node('a', 'MIXED')}\n${node('b', 'ALLOCATED')}\n`), null);
	assert.equal(
		troubleOfNodes(`${node('a', 'MIXED*')}\n${node('b', 'ALLOCATED+NOT_RESPONDING')}\n${node('c', 'IDLE')}`),
		'Slurm does not hear from its node a (MIXED*), b (ALLOCATED+NOT_RESPONDING).',
	);
});

test('partitions are told with their GPUs, each once', () => {
	assert.equal(
		tellPartitions('gpu*|gpu:a100:4(S:0-1)|up\ngpu*|gpu:a100:4(S:0-1)|up\ncpu|(null)|up\nold|gpu:2|down\n'),
		'GPUs of a node, by partition: gpu (default) gpu:a100:4',
	);
	assert.equal(tellPartitions('cpu*|(null)|up\n'), 'No partition has GPUs.');
});
