import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {ContainerUse, Engine} from '../../../../source/engine/engine.ts';
import {createUseSource, withRates} from '../../../../source/session/state/machine/use-source.ts';
import {noFacts} from '../../../../source/session/state/model.ts';
import {firstView} from '../../../../source/session/state/reduce.ts';
import {createStore, type SessionStore} from '../../../../source/session/state/store.ts';

const use = (members: Partial<ContainerUse> = {}): ContainerUse => ({
	cpuPercent: 5,
	memoryBytes: 100,
	memoryLimitBytes: 1000,
	receivedBytes: 1000,
	sentBytes: 50,
	at: 1000,
	...members,
});

const timing = {everyMs: 1, settleMs: 5, retryMs: 1, longestRetryMs: 5};
const eventually = {interval: 2, timeout: 10_000};

function setUp(stats: (id: string, signal: AbortSignal) => AsyncIterable<ContainerUse>) {
	const open = new Set<string>();
	let opened = 0;
	const engine = {
		async *stats(id: string, {signal}: {signal: AbortSignal}) {
			open.add(id);
			opened += 1;
			try {
				yield* stats(id, signal);
			} finally {
				open.delete(id);
			}
		},
	} as unknown as Engine;
	const store: SessionStore = createStore({
		facts: noFacts({demo: false, engineAddress: 'x', person: 'dora', folder: '~'}),
		view: firstView,
	});
	const stopping = new AbortController();
	const source = createUseSource(engine, store, stopping.signal, timing);
	return {source, open, opened: () => opened, stopping, uses: () => store.get().facts.machine.uses};
}

async function* once(_: string, signal: AbortSignal) {
	yield use();
	await new Promise((resolve) => signal.addEventListener('abort', resolve));
}

test('only what is on the screen is measured, and the rest is forgotten', async (t) => {
	const {source, open, uses, stopping} = setUp(once);
	t.after(() => stopping.abort());
	source.show(['a', 'b']);
	await t.waitFor(() => assert.deepEqual([...uses().keys()], ['a', 'b']), eventually);
	source.show(['b', 'c']);
	await t.waitFor(() => assert.deepEqual([...uses().keys()].sort(), ['b', 'c']), eventually);
	await t.waitFor(() => assert.deepEqual([...open].sort(), ['b', 'c']), eventually);
	source.show([]);
	await t.waitFor(() => assert.equal(open.size, 0), eventually);
	assert.equal(uses().size, 0);
});

test('what rushes by while one scrolls is never asked for', async (t) => {
	const {source, open, opened, stopping} = setUp(once);
	t.after(() => stopping.abort());
	for (let row = 0; row < 200; row += 1) {
		source.show([`row ${row}`]);
	}

	await t.waitFor(() => assert.deepEqual([...open], ['row 199']), eventually);
	assert.equal(opened(), 1);
});

test('a stream that dies is opened again while its row is on the screen, and what was known stays', async (t) => {
	const {source, opened, uses, stopping} = setUp(async function* () {
		yield use();
		throw new Error('broken');
	});
	t.after(() => stopping.abort());
	source.show(['a']);
	await t.waitFor(() => assert.ok(opened() > 3), eventually);
	assert.equal(uses().get('a')?.cpuPercent, 5);
	stopping.abort();
	await new Promise((resolve) => setTimeout(resolve, 20));
	const before = opened();
	await new Promise((resolve) => setTimeout(resolve, 20));
	assert.equal(opened(), before);
});

test('bytes a second are a difference, unknown until there are two, and after a restart', () => {
	const first = withRates(use(), undefined);
	assert.deepEqual([first.receivedRate, first.sentRate], [null, null]);
	const second = withRates(use({at: 3000, receivedBytes: 5000, sentBytes: null}), first);
	assert.deepEqual([second.receivedRate, second.sentRate], [2000, null]);
	assert.equal(withRates(use({at: 5000, receivedBytes: 10}), second).receivedRate, null, 'counted from 0 again');
	assert.equal(withRates(use({at: 5000, cpuPercent: null}), second).cpuPercent, 5);
});
