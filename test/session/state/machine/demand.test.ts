import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {Context} from '../../../../source/session/state/context.ts';
import {createLoadSource} from '../../../../source/session/state/machine/load-source.ts';
import {createRestartSource} from '../../../../source/session/state/machine/restart-source.ts';
import {noFacts} from '../../../../source/session/state/model.ts';
import {firstView} from '../../../../source/session/state/reduce.ts';
import {createStore, type SessionStore} from '../../../../source/session/state/store.ts';

const eventually = {interval: 10, timeout: 20_000};

function contextOf(parts: {host?: object; useCases?: object}) {
	const store: SessionStore = createStore(
		{facts: noFacts({demo: false, engineAddress: 'x', person: 'dora', folder: '~'}), view: firstView},
		{intervalMs: 1},
	);
	const stopping = new AbortController();
	const work: Array<Promise<void>> = [];
	const context = {
		host: {},
		...parts,
		store,
		signal: stopping.signal,
		tasks: {track: (each: Promise<void>) => work.push(each)},
		fail(error: unknown) {
			throw error;
		},
	} as unknown as Context;
	return {
		context,
		store,
		work,
		async stop() {
			stopping.abort();
			await Promise.all(work);
			store.close();
		},
	};
}

test('the driver is asked about processes only while a column shows the answer', async (t) => {
	let asked = 0;
	const processLoad = async () => {
		asked += 1;
		return new Map([['0 4711', 45]]);
	};
	const {context, store, work, stop} = contextOf({useCases: {processLoad}});
	t.after(stop);
	const loads = () => [...store.get().facts.machine.loads];
	const show = createLoadSource(context);
	show(['name', 'cpu']);
	assert.equal(asked, 0);
	show(['name', 'sm']);
	show(['name', 'sm', 'age']);
	await t.waitFor(() => assert.deepEqual(loads(), [['0 4711', 45]]), eventually);
	assert.equal(asked, 1);
	show([]);
	await Promise.all(work);
	await t.waitFor(() => assert.deepEqual(loads(), []), eventually);
});

test('a driver that does not tell is not asked again before a minute is over: it may have been late', async (t) => {
	t.mock.timers.enable({apis: ['setTimeout']});
	let asked = 0;
	const processLoad = async () => {
		asked += 1;
		return asked === 1 ? undefined : new Map([['0 4711', 45]]);
	};
	const {context, store, stop} = contextOf({useCases: {processLoad}});
	const settled = () => new Promise((resolve) => setImmediate(resolve));
	createLoadSource(context)(['sm']);
	await settled();
	t.mock.timers.tick(59_000);
	await settled();
	assert.equal(asked, 1);
	assert.equal(store.get().facts.machine.loads.size, 0);
	t.mock.timers.tick(2000);
	await settled();
	assert.equal(asked, 2);
	t.mock.timers.reset();
	await stop();
});

test('restarts are asked of the container whose details are shown, after the list has come to rest', async (t) => {
	const asked: string[] = [];
	const engine = {
		async inspectContainer(id: string) {
			asked.push(id);
			return id === 'gone' ? undefined : {restartCount: 4};
		},
	};
	const {context, store, work, stop} = contextOf({host: {engine}});
	t.after(stop);
	const show = createRestartSource(context);
	for (const id of ['a', 'b', 'c']) {
		show(id);
	}

	await t.waitFor(() => assert.deepEqual(store.get().facts.machine.restarts, {id: 'c', count: 4}), eventually);
	assert.deepEqual(asked, ['c']);
	show('gone');
	await t.waitFor(() => assert.equal(store.get().facts.machine.restarts, undefined), eventually);
	show(undefined);
	await Promise.all(work);
	assert.deepEqual(asked, ['c', 'gone']);
});
