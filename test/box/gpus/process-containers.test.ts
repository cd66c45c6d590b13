import assert from 'node:assert/strict';
import {test} from 'node:test';
import {createContainerFinder} from '../../../source/box/gpus/process-containers.ts';
import {isClaim, nameProcesses} from '../../../source/box/gpus/process-names.ts';
import type {Container, Engine} from '../../../source/engine/engine.ts';
import type {Host} from '../../../source/host/host.ts';
import {makeBox} from '../../_helpers/make-box.ts';

const row = (name: string, labels: Record<string, string> = {}): Container => ({
	id: name.padEnd(64, '0'),
	name,
	image: 'image:1',
	imageId: 'sha256:0',
	state: 'running',
	createdAt: new Date(0),
	labels,
	ports: [],
});

/** An engine whose containers have these processes. */
function engineWith(containers: Array<Container & {pids: number[]}>) {
	const asked: string[] = [];
	const engine = {
		local: false,
		async listContainers() {
			asked.push('list');
			return containers;
		},
		async top(id: string) {
			asked.push(`top ${id.replace(/0+$/, '')}`);
			const pids = containers.find((each) => each.id === id)?.pids ?? [];
			return pids.map((pid) => ({pid, parent: 0, title: ''}));
		},
		async inspectContainer(id: string) {
			asked.push(`inspect ${id}`);
			return id === 'away' ? undefined : {name: `we\u001B[2Jb ${id}`};
		},
	};
	return {asked, engine: engine as unknown as Engine};
}

test('a process outside of boxes is found in its container, each looked for once', async () => {
	const box = makeBox({name: 'alice-train', gpus: ['GPU-1'], mine: false});
	const {engine, asked} = engineWith([
		{...row('gpubox-alice-train', {'gpubox.name': 'alice-train'}), id: box.id, pids: [11]},
		{...row('erik-whisper'), pids: [22]},
		{...row('grafana'), pids: [33]},
	]);
	const host = {demo: false, engine} as unknown as Host;
	const list = {
		listedAt: 0,
		processes: [11, 22, 44].map((pid) => ({gpuUuid: 'GPU-1', pid, name: 'python', usedMemoryMiB: 5})),
	};
	const finder = createContainerFinder(engine, isClaim);
	for (const _ of [1, 2]) {
		const named = await nameProcesses(host, list, [box], [], {finder});
		assert.deepEqual(
			named.map((each) => [each.pid, each.box, each.container?.name ?? null]),
			[
				[11, 'alice-train', 'gpubox-alice-train'],
				[22, null, 'erik-whisper'],
				[44, null, null],
			],
		);
	}

	assert.equal(asked.filter((question) => question === 'list').length, 1);
	assert.equal(asked.filter((question) => question === 'top erik-whisper').length, 1);
});

test('a name is asked for once and safe; one that is unknown is asked for again', async () => {
	const {engine, asked} = engineWith([]);
	const finder = createContainerFinder(engine, isClaim);
	assert.deepEqual(await finder.byId('x'), {id: 'x', name: 'web x'});
	assert.deepEqual(await finder.byId('x'), {id: 'x', name: 'web x'});
	assert.deepEqual(await finder.byId('away'), {id: 'away', name: null});
	await finder.byId('away');
	assert.deepEqual(asked, ['inspect x', 'inspect away', 'inspect away']);
});

test('an engine that is away leaves the container unknown', async () => {
	const engine = {
		async listContainers() {
			throw new Error('away');
		},
	} as unknown as Engine;
	assert.deepEqual(await createContainerFinder(engine, isClaim).byPids([1]), new Map());
});
