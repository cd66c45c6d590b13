import assert from 'node:assert/strict';
import {EventEmitter, on} from 'node:events';
import {test} from 'node:test';
import type {Idleness} from '../../../../source/box/idle/idle.ts';
import type {Container, Engine, EngineEvent} from '../../../../source/engine/engine.ts';
import type {Context} from '../../../../source/session/state/context.ts';
import {followMachine} from '../../../../source/session/state/machine/container-source.ts';
import {ownerInWords, ownerOf, ownerWord} from '../../../../source/session/state/machine/owner.ts';
import {selectRowDetail} from '../../../../source/session/state/machine/row-detail.ts';
import {selectList} from '../../../../source/session/state/machine/select-lists.ts';
import {type Facts, noFacts} from '../../../../source/session/state/model.ts';
import {firstView, type View} from '../../../../source/session/state/reduce.ts';
import {createStore, type SessionStore} from '../../../../source/session/state/store.ts';
import {makeBox} from '../../../_helpers/make-box.ts';

const eventually = {interval: 10, timeout: 20_000};
const now = new Date('2026-01-02T00:00:00Z');
const start = noFacts({demo: false, engineAddress: 'x', person: 'dora', folder: '~'});

const container = (name: string): Container => ({
	id: name.padEnd(64, '0'),
	name,
	image: name.startsWith('web') ? 'nginx:1' : 'postgres:17',
	imageId: 'sha256:0',
	state: 'running',
	createdAt: new Date(0),
	labels: {},
	ports: [],
});

/** An engine with containers that come and go. */
function createFakeEngine(count: number) {
	const news = new EventEmitter();
	const all = new Map(
		Array.from({length: count}, (_, place) => `${place % 3 === 0 ? 'web' : 'db'}-${place}`).map((name) => [
			name,
			container(name),
		]),
	);
	let lists = 0;
	const engine = {
		address: 'unix:///x',
		async listContainers() {
			lists += 1;
			return [...all.values()];
		},
		async *events({signal}: {signal: AbortSignal}) {
			for await (const [event] of on(news, 'event', {signal})) {
				yield event as EngineEvent;
			}
		},
	} as unknown as Engine;
	const tell = (action: string) =>
		news.emit('event', {type: 'container', action, attributes: {}} satisfies EngineEvent);
	return {engine, all, tell, lists: () => lists};
}

function follow(engine: Engine, view: Partial<View>) {
	const store: SessionStore = createStore({facts: start, view: firstView}, {intervalMs: 1});
	const stopping = new AbortController();
	const work: Array<Promise<void>> = [];
	followMachine({
		host: {engine},
		store,
		signal: stopping.signal,
		tasks: {track: (each: Promise<void>) => work.push(each)},
		fail(error: unknown) {
			throw error;
		},
	} as unknown as Context);
	store.changeNow((state) => ({...state, view: {...state.view, ...view}}));
	return {
		store,
		show: (change: Partial<View>) => store.changeNow((state) => ({...state, view: {...state.view, ...change}})),
		async stop() {
			stopping.abort();
			await Promise.all(work);
			store.close();
		},
	};
}

test('a filter stays right while 500 containers come and go, and so does the row chosen', async (t) => {
	const {engine, all, tell} = createFakeEngine(500);
	const chosen = container('web-300').id;
	const list = {...firstView.lists.containers, filter: {before: 'web', after: ''}, chosen};
	const {store, stop} = follow(engine, {screen: 'containers', lists: {...firstView.lists, containers: list}});
	t.after(stop);
	const shown = () => selectList('containers', store.get().facts, store.get().view, now);
	const names = () => shown().rows.map(({cells}) => cells.name?.text);
	const expected = () => [...all.keys()].filter((name) => name.startsWith('web')).sort();
	await t.waitFor(() => assert.deepEqual(names(), expected()), eventually);
	assert.equal(shown().all, 500);
	for (let round = 0; round < 4; round += 1) {
		for (let place = 0; place < 60; place += 1) {
			const gone = [...all.keys()][(place * 7 + round) % all.size];
			if (gone !== undefined && gone !== 'web-300') {
				all.delete(gone);
				tell('destroy');
			}

			const name = `${place % 2 === 0 ? 'web' : 'db'}-new-${round}-${place}`;
			all.set(name, container(name));
			tell('create');
		}

		await t.waitFor(() => assert.deepEqual(names(), expected()), eventually);
		assert.equal(shown().chosen?.id, chosen);
		assert.equal(shown().all, all.size);
	}
});

test('all containers are listed only while a screen shows them', async (t) => {
	const {engine, lists, tell} = createFakeEngine(3);
	const {show, stop, store} = follow(engine, {screen: 'main'});
	t.after(stop);
	tell('create');
	assert.equal(lists(), 0);
	show({screen: 'people'});
	await t.waitFor(() => assert.equal(store.get().facts.machine.containers.length, 3), eventually);
	show({screen: 'help', behindHelp: 'people'});
	const before = lists();
	show({screen: 'main'});
	tell('create');
	await new Promise((resolve) => setTimeout(resolve, 50));
	assert.ok(lists() <= before + 1, 'one may have been on its way');
	assert.equal(store.get().facts.machine.containers.length, 3, 'what was known stays');
});

test('whose a container is comes from its box, then from the kernel, and is else only guessed', () => {
	const id = 'c'.padEnd(64, '0');
	const process = {gpuUuid: 'GPU-1', pid: 7, name: 'python', usedMemoryMiB: 5, box: null, container: {id, name: 'c'}};
	const known = (user: string | null, folders: string[] = [], boxes = start.box.boxes) => {
		const facts = {...start, gpu: {...start.gpu, processes: [{...process, user}]}, box: {...start.box, boxes}};
		const owner = ownerOf({id, folders}, facts);
		return [ownerWord(owner), ownerInWords(owner)];
	};
	assert.deepEqual(known('erik', ['/home/fay/x']), ['erik', 'owner: erik']);
	assert.deepEqual(known('root', ['/home/fay/x']), ['fay?', 'owner unknown, uses /home/fay/x']);
	assert.deepEqual(known('root'), ['root', 'owner: root']);
	assert.deepEqual(known(null, ['/srv/x', '/homework/y']), ['', 'owner unknown']);
	const bobs = {...makeBox({name: 'bob-x', owner: 'bob', mine: false}), id};
	assert.deepEqual(known('erik', [], [bobs]), ['bob', 'owner: bob']);
});

test('a list says what is missing, and is not waiting where the engine is known to be away', () => {
	const missing = {message: 'nvidia-smi is not installed.', fix: 'Install the driver'};
	const noDriver = {...start, gpu: {...start.gpu, phase: 'silent' as const, problems: [missing]}} as unknown as Facts;
	assert.deepEqual(selectList('processes', noDriver, firstView, now).problem, missing);
	const problem = {message: 'No Docker Engine.', fix: 'Start it'};
	const noEngine = {...start, machine: {...start.machine, phase: 'no-engine' as const, problem}};
	assert.equal(selectList('containers', noEngine, firstView, now).empty, '');
	assert.equal(selectList('containers', start, firstView, now).empty, 'Asking the engine …');
});

test('GPU memory of people is nothing where no process is known to be there, and not known where that is not known', () => {
	const box = makeBox({name: 'dora-eda', owner: 'dora', mine: true, state: 'running'});
	const cellOf = (processesUnknown: boolean, processes: object[] = []) => {
		const gpu = {...start.gpu, processesUnknown, processes};
		const facts = {...start, box: {...start.box, boxes: [box]}, gpu} as unknown as Facts;
		return selectList('people', facts, firstView, now).rows[0]?.cells.memory?.text;
	};
	assert.equal(cellOf(false), '0');
	assert.equal(cellOf(true), '–');
	const process = {gpuUuid: 'GPU-0', pid: 1, name: 'x', user: 'dora', box: 'dora-eda', container: null};
	assert.equal(cellOf(false, [{...process, usedMemoryMiB: null}]), '–');
	assert.equal(cellOf(false, [{...process, usedMemoryMiB: 2048}]), '2.0G');
	for (const amounts of [
		[null, 2048],
		[2048, null],
	]) {
		assert.equal(
			cellOf(
				false,
				amounts.map((usedMemoryMiB, pid) => ({...process, pid, usedMemoryMiB})),
			),
			'≥2.0G',
		);
	}
});

test('how often a container was restarted is told, also never, and is not known until it is', () => {
	const listed = {...container('db-1'), claim: false, folders: []};
	const stateOf = (restarts: Facts['machine']['restarts']) => {
		const facts = {...start, machine: {...start.machine, containers: [listed], restarts}};
		const {lines} = selectRowDetail('containers', listed.id, facts, {now, width: 80});
		return lines.find(({label}) => label === 'state')?.text ?? '';
	};
	assert.match(stateOf(undefined), /, restarts by the engine not known$/);
	assert.match(stateOf({id: 'another', count: 3}), /not known$/);
	assert.match(stateOf({id: listed.id, count: 0}), /, never restarted by the engine$/);
	assert.match(stateOf({id: listed.id, count: 1}), /, restarted by the engine once$/);
	assert.match(stateOf({id: listed.id, count: 4}), /, restarted by the engine 4 times$/);
});

test('a container shows what its processes make of the GPUs, since when its box is idle and how long it is reserved', () => {
	const id = 'a'.padEnd(64, '0');
	const minutes = (count: number) => new Date(now.getTime() + count * 60_000);
	const box = {...makeBox({name: 'dora-eda', owner: 'dora', mine: true, state: 'running'}), id};
	const on = (gpuUuid: string, pid: number, usedMemoryMiB: number | null = 1024) => ({
		...{gpuUuid, pid, usedMemoryMiB, name: 'python', user: 'dora', box: 'dora-eda'},
		container: {id, name: 'x'},
	});
	const cells = (
		processes: object[],
		{loads = [], until, idle}: {loads?: Array<[string, number]>; until?: Date; idle?: Idleness} = {},
	) => {
		const listed = {...container('db-1'), id, claim: true, folders: []};
		const facts = {
			...start,
			machine: {...start.machine, containers: [listed], loads: new Map(loads)},
			box: {...start.box, boxes: [until === undefined ? box : {...box, until}]},
			tells: {...start.tells, idle: new Map(idle ? [[id, {idleness: idle, warnAfterMs: undefined}]] : [])},
			gpu: {
				...start.gpu,
				processes,
				readings: [
					{uuid: 'GPU-a', index: 0},
					{uuid: 'GPU-b', index: 1},
				],
			},
		} as unknown as Facts;
		const [row] = selectList('containers', facts, firstView, now).rows;
		return ['gpuMemory', 'sm', 'idle', 'expires'].map((key) => row?.cells[key]?.text);
	};
	assert.deepEqual(cells([]), ['', '', '–', '']);
	assert.deepEqual(cells([on('GPU-a', 7, null)]), ['–', '–', '–', ''], 'there, and not measured');
	const both = [on('GPU-a', 7), on('GPU-b', 7)];
	assert.deepEqual(
		cells(both, {
			loads: [
				['0 7', 97],
				['1 7', 40],
				['1 8', 9],
			],
		}),
		['2.0G', '137%', '–', ''],
	);
	// What is known of some of them only is at least so much.
	assert.deepEqual(cells(both, {loads: [['1 7', 0]]}), ['2.0G', '≥0%', '–', '']);
	assert.deepEqual(cells([on('GPU-a', 7), on('GPU-b', 7, null)]), ['≥1.0G', '–', '–', '']);
	assert.deepEqual(
		cells([on('GPU-gone', 7)], {loads: [['0 7', 97]]}),
		['1.0G', '–', '–', ''],
		'not that of another GPU',
	);
	assert.deepEqual(cells([], {idle: {kind: 'busy'}, until: minutes(301)}), ['', '', 'in use', '5h']);
	assert.deepEqual(cells([], {idle: {kind: 'idle', since: minutes(-200)}, until: minutes(-1)}), [
		'',
		'',
		'3h',
		'expired',
	]);
	assert.deepEqual(cells([], {idle: {kind: 'unknown'}}), ['', '', '–', '']);
});
