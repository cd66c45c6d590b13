import assert from 'node:assert/strict';
import {describe, type TestContext, test} from 'node:test';
import type {Box} from '../../../../source/box/box.ts';
import type {ContainerUse} from '../../../../source/engine/engine.ts';
import {viewGpus} from '../../../../source/gpu/live.ts';
import type {Host} from '../../../../source/host/host.ts';
import {type HostReading, noFacts} from '../../../../source/session/state/model.ts';
import {firstView} from '../../../../source/session/state/reduce.ts';
import {createStore, type SessionState, withFacts} from '../../../../source/session/state/store.ts';
import {followIdleness, gpuUseOf} from '../../../../source/session/state/tells/watch-idle.ts';
import {followVerdicts} from '../../../../source/session/state/tells/watch-verdicts.ts';
import {inventoryOf, makeFrozenHost} from '../../../_helpers/demo.ts';
import {makeBox} from '../../../_helpers/make-box.ts';

const inventory = inventoryOf(4);
const uuids = inventory.gpus.map(({uuid}) => uuid);
const box = makeBox({gpus: uuids});

function makeState(boxes: Box[]): SessionState {
	const facts = noFacts({demo: false, engineAddress: '', person: 'alice', folder: '~'});
	return {
		facts: {
			...facts,
			box: {...facts.box, boxes, phase: 'live'},
			gpu: {...facts.gpu, inventory},
			host: {cpuCount: 16} as HostReading,
		},
		view: firstView,
	};
}

/** Plays so many seconds, each card at the load that is given for that second. */
function play(t: TestContext, boxes: Box[], stats: ContainerUse[] = []) {
	const aborting = new AbortController();
	t.after(() => aborting.abort());
	let at = 0;
	let asked = 0;
	const store = createStore(makeState(boxes));
	const engine = {
		async *stats() {
			asked += 1;
			yield* stats;
		},
	};
	followVerdicts({engine} as unknown as Host, store, aborting.signal, () => at);
	return {
		store,
		asked: () => asked,
		verdicts: () => store.get().facts.tells.verdicts,
		async run(seconds: number, load: (second: number) => Array<number | null>) {
			for (let second = 0; second < seconds; second += 1) {
				at += 1000;
				const samples = load(second).map((utilization, index) => ({
					index,
					uuid: uuids[index] ?? '',
					utilization,
					memoryUtilization: null,
					memoryUsedMiB: 20_000,
					memoryTotalMiB: 81_559,
					temperature: 50,
					powerDraw: 500,
					powerLimit: 700,
					clockSm: 1900,
					clockMemory: null,
					fanSpeed: null,
					performanceState: null,
					faulty: false,
				}));
				const readings = viewGpus(inventory.gpus, {samples, messages: []}).map((view) => ({...view, history: []}));
				store.changeNow(withFacts(({gpu}) => ({gpu: {...gpu, readings}})));
				// What was asked of the engine is answered.
				await new Promise((resolve) => setImmediate(resolve));
			}
		},
	};
}

describe('verdicts', () => {
	const oneWorks = () => [97, 0, 0, 0];
	const allWork = () => [97, 97, 97, 97];

	test('come after a minute, go a while after their reason went, and are published only when they change', async (t) => {
		const {store, run, verdicts} = play(t, [box]);
		await run(40, oneWorks);
		assert.equal(verdicts().size, 0);
		await run(15, oneWorks);
		assert.equal(verdicts().get(box.id)?.text, '1 of 4 GPUs works');
		const before = store.get().facts.tells;
		await run(20, oneWorks);
		assert.equal(store.get().facts.tells, before);
		await run(10, allWork);
		assert.equal(verdicts().size, 1);
		await run(10, allWork);
		assert.equal(verdicts().size, 0);
	});

	test('go with the box', async (t) => {
		const {store, run, verdicts} = play(t, [box]);
		await run(60, oneWorks);
		assert.equal(verdicts().size, 1);
		store.changeNow(withFacts(({box: state}) => ({box: {...state, boxes: [{...box, state: 'exited'}]}})));
		await run(1, oneWorks);
		assert.equal(verdicts().size, 0);
	});

	test('are not there while a card of the box is not among those that are read', async (t) => {
		const {run, verdicts} = play(t, [{...box, gpus: [...uuids, 'GPU-elsewhere']}]);
		await run(80, oneWorks);
		assert.equal(verdicts().size, 0);
	});

	test('ask the engine for the CPUs of a box only where its load goes up and down, and not often', async (t) => {
		const busy = {cpuPercent: 1530} as ContainerUse;
		const steadyBox = play(t, [box], [busy]);
		await steadyBox.run(80, allWork);
		assert.equal(steadyBox.asked(), 0);

		const sawtooth = play(t, [{...box, gpus: uuids.slice(0, 1)}], [busy]);
		await sawtooth.run(80, (second) => [second % 6 < 2 ? 90 : 3]);
		assert.equal(sawtooth.verdicts().get(box.id)?.text, 'GPU 0 waits for data');
		assert.ok(sawtooth.asked() >= 2 && sawtooth.asked() <= 4, String(sawtooth.asked()));
	});
});

describe('idleness', () => {
	test('is that of ls, and of boxes on the demo host too', async (t) => {
		const host = await makeFrozenHost();
		const {listBoxes} = await import('../../../../source/box/list.ts');
		const boxes = await listBoxes(host, t.signal);
		const store = createStore(makeState(boxes));
		const aborting = new AbortController();
		const following = followIdleness(host, store, {
			signal: aborting.signal,
			useCases: {idleLimits: async () => ({warnAfterMs: 7_200_000, stopAfterMs: undefined})},
			timing: {stepMs: 1, sameBoxMs: 60_000},
		});
		const dora = boxes.find(({name}) => name === 'dora-eda');
		assert.ok(dora);
		while (!store.get().facts.tells.idle.has(dora.id)) {
			await new Promise((resolve) => setTimeout(resolve, 5));
		}

		aborting.abort();
		await following;
		const found = store.get().facts.tells.idle.get(dora.id);
		assert.equal(found?.warnAfterMs, 7_200_000);
		assert.equal(found?.idleness.kind, 'unknown', 'the driver lists nothing in this test');
	});

	test('asks nothing while another screen is shown', async (t) => {
		const store = createStore<SessionState>({...makeState([box]), view: {...firstView, screen: 'help'}});
		const aborting = new AbortController();
		let looks = 0;
		let asked = 0;
		const watched = {
			...store,
			get() {
				looks += 1;
				return store.get();
			},
		};
		const following = followIdleness({} as Host, watched, {
			signal: aborting.signal,
			useCases: {
				async idleLimits() {
					asked += 1;
					return {warnAfterMs: undefined, stopAfterMs: undefined};
				},
			},
			timing: {stepMs: 1, sameBoxMs: 1},
		});
		const eventually = {interval: 2, timeout: 10_000};
		await t.waitFor(() => assert.ok(looks > 5), eventually);
		assert.equal(asked, 0);
		store.changeNow((state) => ({...state, view: {...state.view, screen: 'main'}}));
		await t.waitFor(() => assert.ok(asked > 0), eventually);
		aborting.abort();
		await following;
	});

	test('takes the highest load of the last seconds, null where none is known', () => {
		const {facts} = makeState([]);
		const [gpu, other] = viewGpus(inventory.gpus, undefined);
		assert.ok(gpu && other);
		const readings = [
			{...gpu, history: [99, ...Array(9).fill(0), 7]},
			{...other, history: [null, null]},
		];
		assert.deepEqual([...gpuUseOf({...facts.gpu, readings}).utilization.values()], [7, null]);
	});
});
