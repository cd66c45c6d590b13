import assert from 'node:assert/strict';
import {type TestContext, test} from 'node:test';
import type {DemoHost} from '../../../../source/demo/host.ts';
import {EngineError} from '../../../../source/engine/engine.ts';
import {followBoxes} from '../../../../source/session/state/boxes/box-source.ts';
import {noFacts} from '../../../../source/session/state/model.ts';
import {firstView} from '../../../../source/session/state/reduce.ts';
import {createStore, type SessionStore} from '../../../../source/session/state/store.ts';
import {makeFrozenHost} from '../../../_helpers/demo.ts';

const eventually = {interval: 5, timeout: 20_000};
const timing = {relistMs: 5, askMs: 20, lateMs: 40, giveUpMs: 120, retryMs: 5, longestRetryMs: 20, tickMs: 10};

type List = DemoHost['engine']['listContainers'];

/** Follows the made-up engine, whose list the test may put another in front of. */
async function follow(
	t: TestContext,
	prepare: (list: List) => List = (list) => list,
	options: Partial<typeof timing> = {},
) {
	const host = await makeFrozenHost();
	const list = host.engine.listContainers.bind(host.engine);
	const state = {list: prepare(list), real: list, asked: 0};
	host.engine.listContainers = (...call) => {
		state.asked += 1;
		return state.list(...call);
	};

	const store: SessionStore = createStore(
		{facts: noFacts({demo: true, engineAddress: 'x', person: 'dora', folder: '~'}), view: firstView},
		{intervalMs: 1},
	);
	const phases: string[] = [];
	store.subscribe(() => {
		const {phase} = store.get().facts.box;
		if (phases.at(-1) !== phase) {
			phases.push(phase);
		}
	});
	const stopping = new AbortController();
	const followed = followBoxes(host, store, stopping.signal, {...timing, ...options});
	const stop = async () => {
		stopping.abort();
		await followed;
	};
	t.after(stop);
	return {host, store, state, phases, stop, box: () => store.get().facts.box};
}

const never: List = () => new Promise(() => {});

test('an engine that does not answer is said to be late, with how long it has been', async (t) => {
	const {box} = await follow(t, () => never, {lateMs: 1000, giveUpMs: 60_000});
	await t.waitFor(() => assert.equal(box().phase, 'late'), eventually);
	await t.waitFor(() => assert.equal(box().problem?.message, 'No answer from the engine for 2 s'), eventually);
});

test('an answer that never ends is given up, and asked for again until it comes', async (t) => {
	let left = 3;
	const {box, state} = await follow(
		t,
		(list) =>
			(...call) =>
				left-- > 0 ? never() : list(...call),
	);
	await t.waitFor(() => assert.equal(box().phase, 'live'), eventually);
	assert.equal(box().boxes.length, 6);
	assert.equal(box().problem, undefined);
	assert.ok(state.asked >= 4);
});

test('a silent engine is noticed without any event, its boxes stay with their age, and it is live again when it answers', async (t) => {
	const {box, state, phases} = await follow(t);
	await t.waitFor(() => assert.equal(box().phase, 'live'), eventually);
	state.list = never;
	await t.waitFor(() => assert.ok(box().phase === 'late' && box().age !== undefined), eventually);
	assert.equal(box().boxes.length, 6);
	state.list = state.real;
	await t.waitFor(() => assert.equal(box().phase, 'live'), eventually);
	assert.deepEqual([box().age, box().problem], [undefined, undefined]);
	assert.deepEqual(phases, ['live', 'late', 'live']);
});

test('a list that fails once is said and mended by the next, without an event', async (t) => {
	const {box, state, phases} = await follow(t);
	await t.waitFor(() => assert.equal(box().phase, 'live'), eventually);
	const {connection} = box();
	state.list = async (...call) => {
		state.list = state.real;
		await state.real(...call);
		throw new EngineError('failed', 'half an answer');
	};
	await t.waitFor(() => assert.deepEqual(phases, ['live', 'no-engine', 'live']), eventually);
	assert.equal(box().connection, connection + 1, 'what was open before is taken to be broken');
});

test('a change that no event told shows up', async (t) => {
	const {host, box, state} = await follow(t);
	await t.waitFor(() => assert.equal(box().boxes.length, 6), eventually);
	state.list = async (...call) => (await state.real(...call)).slice(1);
	await t.waitFor(() => assert.equal(box().boxes.length, 5), eventually);
	assert.ok(host.demo);
});

test('a list that says what the one before said changes nothing', async (t) => {
	const {store, state, box} = await follow(t);
	await t.waitFor(() => assert.equal(box().phase, 'live'), eventually);
	const before = store.get();
	const {asked} = state;
	await t.waitFor(() => assert.ok(state.asked > asked + 3), eventually);
	assert.equal(store.get(), before);
});

test('it lets go at once while a question is out', async (t) => {
	const {state, stop} = await follow(t, () => never, {giveUpMs: 3_600_000});
	await t.waitFor(() => assert.equal(state.asked, 1), eventually);
	const before = performance.now();
	await stop();
	assert.ok(performance.now() - before < 1000);
});
