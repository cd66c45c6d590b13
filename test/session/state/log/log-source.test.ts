import assert from 'node:assert/strict';
import {type TestContext, test} from 'node:test';
import type {Box} from '../../../../source/box/box.ts';
import {listBoxes} from '../../../../source/box/list.ts';
import {EngineError, type LogChunk, type LogOptions} from '../../../../source/engine/engine.ts';
import {createLogModel} from '../../../../source/session/state/log/log-model.ts';
import {followLogs} from '../../../../source/session/state/log/log-source.ts';
import {noFacts} from '../../../../source/session/state/model.ts';
import {firstView} from '../../../../source/session/state/reduce.ts';
import {createStore, type SessionStore, withFacts} from '../../../../source/session/state/store.ts';
import {makeFrozenHost} from '../../../_helpers/demo.ts';

const eventually = {interval: 5, timeout: 20_000};
const out = (text: string): LogChunk => ({stream: 'stdout', data: Buffer.from(text)});

/** One box of the user whose log is what `logs` gives, the first time, the second time and so on. */
async function follow(
	t: TestContext,
	logs: (time: number, options: LogOptions | undefined) => AsyncIterable<LogChunk>,
	change: (box: Box) => Partial<Box> = () => ({}),
) {
	const host = await makeFrozenHost();
	const box = (await listBoxes(host)).find(({state, mine}) => state === 'running' && mine);
	assert.ok(box);
	const asked: Array<LogOptions | undefined> = [];
	host.engine.logs = (_, options) => {
		asked.push(options);
		return logs(asked.length, options);
	};

	const store: SessionStore = createStore(
		{facts: noFacts({demo: true, engineAddress: 'x', person: 'dora', folder: '~'}), view: firstView},
		{intervalMs: 1},
	);
	const phases: string[] = [];
	store.subscribe(() => {
		const {phase} = store.get().facts.log;
		if (phases.at(-1) !== phase) {
			phases.push(phase);
		}
	});
	const stopping = new AbortController();
	t.after(() => stopping.abort());
	const model = createLogModel();
	followLogs(host, store, model, stopping.signal);
	const show = (boxes: Box[], connection = 1) => {
		store.changeNow(withFacts(({box: before}) => ({box: {...before, phase: 'live', boxes, connection}})));
	};

	const shown = {...box, ...change(box)};
	show([shown]);
	return {
		store,
		model,
		asked,
		phases,
		box: shown,
		show,
		lines: () => Array.from({length: model.end - model.first}, (_, place) => model.textAt(model.first + place)),
		log: () => store.get().facts.log,
	};
}

/** A line each millisecond. */
const stampOf = (line: number) => new Date(Date.UTC(2026, 0, 31, 9) + line).toISOString();

async function* untilAborted(signal: AbortSignal | undefined): AsyncGenerator<LogChunk> {
	yield* [];
	await new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
}

test('a log that breaks off while its box runs is taken up again, without a line twice', async (t) => {
	const {lines, phases} = await follow(t, async function* (time, options) {
		yield out('one\ntwo\n');
		if (time === 1) {
			throw new EngineError('unreachable', 'connection reset');
		}

		yield out('three\n');
		yield* untilAborted(options?.signal);
	});
	await t.waitFor(() => assert.deepEqual(lines(), ['one', 'two', 'three']), eventually);
	await t.waitFor(() => assert.deepEqual(phases.slice(-2), ['lost', 'following']), eventually);
});

test('a line draws a frame of its own only where the log is on the screen', async (t) => {
	const waiting = Promise.withResolvers<void>();
	const {lines, store} = await follow(t, async function* (_, options) {
		yield out('one\n');
		await waiting.promise;
		yield out('two\n');
		yield* untilAborted(options?.signal);
	});
	const lazily = t.mock.method(store, 'changeLazily');
	await t.waitFor(() => assert.deepEqual(lines(), ['one']), eventually);
	assert.equal(lazily.mock.callCount(), 0);
	store.changeNow((state) => ({...state, view: {...state.view, screen: 'containers'}}));
	const {version} = store.get().facts.log;
	waiting.resolve();
	await t.waitFor(() => assert.deepEqual(lines(), ['one', 'two']), eventually);
	await t.waitFor(() => assert.ok(lazily.mock.callCount() > 0), eventually);
	assert.ok(store.get().facts.log.version > version, 'it is there with the next frame');
});

test('so is one that ends as if all had been said', async (t) => {
	const {lines, phases} = await follow(t, async function* (time, options) {
		yield out('one\n');
		if (time > 1) {
			yield out('two\n');
			yield* untilAborted(options?.signal);
		}
	});
	await t.waitFor(() => assert.deepEqual(lines(), ['one', 'two']), eventually);
	await t.waitFor(() => assert.deepEqual(phases.slice(-3), ['ended', 'lost', 'following']), eventually);
});

test('the engine being back has the log read again, even where its end was not noticed', async (t) => {
	const {lines, show, box, asked} = await follow(t, async function* (time, options) {
		yield out('one\n');
		if (time > 1) {
			yield out('two\n');
		}

		yield* untilAborted(options?.signal);
	});
	await t.waitFor(() => assert.deepEqual(lines(), ['one']), eventually);
	show([box], 2);
	await t.waitFor(() => assert.deepEqual(lines(), ['one', 'two']), eventually);
	assert.equal(asked.length, 2);
	assert.equal(asked[0]?.signal?.aborted, true);
});

test('while the engine is away the lines stay, and its words go when it is back', async (t) => {
	let away = true;
	const {lines, log} = await follow(t, async function* (time, options) {
		if (time > 1 && away) {
			throw new EngineError('unreachable', 'connect ENOENT');
		}

		yield out('one\n');
		if (time > 1) {
			yield* untilAborted(options?.signal);
		}
	});
	await t.waitFor(() => assert.match(log().problem?.message ?? '', /No Docker Engine answers/), eventually);
	assert.deepEqual(lines(), ['one']);
	away = false;
	await t.waitFor(() => assert.equal(log().phase, 'following'), eventually);
	assert.equal(log().problem, undefined);
	assert.deepEqual(lines(), ['one']);
});

test('the log of a stopped box ends and is not asked for again', async (t) => {
	const {log, asked} = await follow(
		t,
		async function* () {
			yield out('one\n');
		},
		() => ({state: 'exited'}),
	);
	await t.waitFor(() => assert.equal(log().phase, 'ended'), eventually);
	assert.equal(asked.length, 1);
});

test('after an interruption a log with times is read from its last line on, and no line moves', async (t) => {
	const stamped = (from: number, to: number) =>
		Array.from({length: to - from}, (_, place) => `${stampOf(from + place)} line ${from + place}\n`).join('');
	const {model, asked} = await follow(t, async function* (time, options) {
		// The first of these was there before, and has the same time as the last.
		yield out(time === 1 ? stamped(0, 6000) : stamped(5998, 6002));
		if (time > 1) {
			yield* untilAborted(options?.signal);
		}
	});
	await t.waitFor(() => assert.equal(asked.length, 2), eventually);
	await t.waitFor(() => assert.equal(model.end, 6002), eventually);
	assert.deepEqual([5997, 5998, 5999, 6000, 6001].map(model.textAt, model), [
		'line 5997',
		'line 5998',
		'line 5999',
		'line 6000',
		'line 6001',
	]);
	assert.equal(asked[0]?.tail, 1000);
	assert.equal(asked[1]?.since?.toISOString(), '2026-01-31T09:00:05.999Z');
	assert.equal(asked[1]?.tail, undefined);
});

test('a flood lets others have their turn', async (t) => {
	const line = `${'x'.repeat(60)}\n`;
	const piece = out(line.repeat(1000));
	let over = false;
	const {model} = await follow(t, async function* (_, options) {
		for (let count = 0; count < 300; count += 1) {
			yield piece;
		}

		over = true;
		yield* untilAborted(options?.signal);
	});
	let turns = 0;
	while (!over) {
		turns += 1;
		await new Promise((resolve) => setImmediate(resolve));
	}

	assert.ok(turns > 5, `${turns} turns`);
	assert.equal(model.end, 300_000);
	assert.ok(model.window.bytes <= 8 * 2 ** 20, `${model.window.bytes} bytes`);
});

test('the lines of a box that was started again, or whose container is gone, stay', async (t) => {
	const {lines, asked, box, show, log} = await follow(t, async function* (time, options) {
		if (time === 4) {
			throw new EngineError('not-found', 'No such container: x');
		}

		yield* Array.from({length: time}, (_, line) => out(`${stampOf(line)} line ${line}\n`));
		if (time === 1) {
			yield* untilAborted(options?.signal);
		}
	});
	await t.waitFor(() => assert.deepEqual(lines(), ['line 0']), eventually);
	show([{...box, state: 'exited'}]);
	await t.waitFor(() => assert.deepEqual(lines(), ['line 0', 'line 1']), eventually);
	assert.deepEqual(asked[1]?.since, new Date(stampOf(0)));
	show([box]);
	await t.waitFor(() => assert.deepEqual(lines(), ['line 0', 'line 1', 'line 2']), eventually);
	show([{...box, state: 'removing'}]);
	await t.waitFor(() => assert.equal(log().problem?.message, 'The box was removed in the meantime.'), eventually);
	assert.deepEqual(lines(), ['line 0', 'line 1', 'line 2']);
});
