import assert from 'node:assert/strict';
import {test} from 'node:test';
import {type GpusOfHost, toCandidates} from '../../../source/box/gpus/availability.ts';
import {nameProcesses} from '../../../source/box/gpus/process-names.ts';
import type {GpuFacts} from '../../../source/gpu/gpu.ts';
import type {Host} from '../../../source/host/host.ts';
import {inventoryOf} from '../../_helpers/demo.ts';
import {makeBox} from '../../_helpers/make-box.ts';

const now = new Date();
const inventory = inventoryOf(2);
const [first = '', second = ''] = inventory.gpus.map(({uuid}) => uuid);
const idle = (gpu: GpuFacts) => ({...gpu, utilization: 0, memoryUsedMiB: 3});
const hostWith = (members: Partial<GpusOfHost>, change: (gpu: GpuFacts) => GpuFacts = idle): GpusOfHost => ({
	inventory: {...inventory, gpus: inventory.gpus.map(change)},
	processes: [],
	memoryUsedMiB: new Map(),
	...members,
});

test('a process in a box is that box’s only on the card that the box holds', () => {
	const box = makeBox({gpus: [second]});
	const processes = [first, second].map((gpuUuid) => ({gpuUuid, description: 'python (7)', containerId: box.id}));
	const [one, two] = toCandidates(hostWith({processes}), [box], now);
	assert.deepEqual(one?.foreign, ['python (7)']);
	assert.deepEqual(two?.foreign, []);
	const [gone] = toCandidates(hostWith({processes}), [{...box, state: 'exited'}], now);
	assert.deepEqual(gone?.foreign, ['python (7)']);
});

test('a process that cannot be identified is told as such', () => {
	const processes = [{gpuUuid: first, description: 'process 1', containerId: null, unexplained: true as const}];
	const [one, two] = toCandidates(hostWith({processes}), [], now);
	assert.deepEqual([one?.unexplained, two?.unexplained], [true, undefined]);
});

test('a busy card without processes, and one whose processes are unknown', () => {
	const busy = (gpu: GpuFacts) => (gpu.uuid === first ? {...gpu, utilization: 94, memoryUsedMiB: 68_812} : idle(gpu));
	const [one, two] = toCandidates(hostWith({}, busy), [], now);
	assert.equal(one?.doubt?.busy, true);
	assert.equal(two?.doubt, undefined);
	const silent = toCandidates(
		hostWith({processesUnknown: true}, (gpu) => ({...gpu, utilization: null})),
		[],
		now,
	);
	assert.deepEqual(
		silent.map(({doubt}) => doubt?.busy),
		[false, false],
	);
});

test('MIG without a slice, a mode change, a forbidden card, slices that were not listed', () => {
	for (const members of [
		{migMode: true},
		{migPending: true},
		{computeMode: 'Prohibited'},
		{migMode: true, migUnknown: true as const},
	]) {
		const [one, two] = toCandidates(
			hostWith({}, (gpu) => (gpu.uuid === first ? {...idle(gpu), ...members} : idle(gpu))),
			[],
			now,
		);
		assert.notEqual(one?.unusable, undefined, JSON.stringify(members));
		assert.equal(two?.unusable, undefined);
	}
});

test('on another machine the engine’s word counts only for the card that the box holds, and memory only up to the total', async () => {
	const box = makeBox({gpus: [second], state: 'running'});
	const host = {
		demo: true,
		engine: {local: true, top: async () => [{pid: 7, parent: 1, title: ''}]},
	} as unknown as Host;
	const processes = [first, second].map((gpuUuid) => ({gpuUuid, pid: 7, name: 'python', usedMemoryMiB: 90_000}));
	const named = await nameProcesses(host, {processes, listedAt: 0}, [box], inventory.gpus);
	assert.deepEqual(
		named.map(({box: name, usedMemoryMiB}) => [name, usedMemoryMiB]),
		[
			[null, null],
			[box.name, null],
		],
	);
});
