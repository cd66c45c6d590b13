import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import type {PullProgress} from '../../../source/engine/engine.ts';
import {type PullState, reducePull, startPull, summarizePull} from '../../../source/image/pull/pull-progress.ts';

type Message = [
	at: number,
	layer: string | undefined,
	status: string,
	currentBytes?: number | undefined,
	totalBytes?: number | undefined,
];

function play(messages: readonly Message[], from: PullState = startPull()): PullState {
	let state = from;
	for (const [at, layer, status, currentBytes, totalBytes] of messages) {
		const progress: PullProgress = {status};
		if (layer !== undefined) progress.layer = layer;
		if (currentBytes !== undefined) progress.currentBytes = currentBytes;
		if (totalBytes !== undefined) progress.totalBytes = totalBytes;
		state = reducePull(state, progress, at);
	}

	return state;
}

test('a pull from the first message to the last', () => {
	let state = play([
		[0, '2.14.1-runtime', 'Pulling from pytorch/pytorch'],
		[10, 'a', 'Pulling fs layer'],
		[10, 'b', 'Pulling fs layer'],
		[10, 'c', 'Already exists'],
		[20, 'b', 'Waiting'],
	]);
	assert.equal(state.status, 'Pulling from pytorch/pytorch');
	assert.deepEqual(summarizePull(state, 20), {
		layersDone: 1,
		layers: 3,
		receivedBytes: 0,
		totalBytes: null,
		totalIsFinal: false,
		bytesPerSecond: null,
		secondsLeft: null,
		phase: 'downloading',
	});

	state = play(
		[
			[1000, 'a', 'Downloading', 0, 4000],
			[1000, 'b', 'Downloading', 0, 1000],
			[2000, 'a', 'Downloading', 1000, 4000],
		],
		state,
	);
	const half = summarizePull(state, 2010);
	assert.equal(half.totalBytes, 5000);
	assert.equal(half.totalIsFinal, true);
	assert.equal(half.receivedBytes, 1000);
	assert.equal(half.bytesPerSecond, 500);
	assert.equal(half.secondsLeft, 8);

	state = play(
		[
			[3000, 'a', 'Downloading', 4000, 4000],
			[3000, 'b', 'Verifying Checksum'],
			[3010, 'b', 'Download complete'],
			[3010, 'a', 'Download complete'],
			[3020, 'a', 'Extracting', 10, 9000],
		],
		state,
	);
	const unpacking = summarizePull(state, 3020);
	assert.equal(unpacking.phase, 'extracting');
	assert.equal(unpacking.secondsLeft, 0);
	assert.deepEqual([unpacking.receivedBytes, unpacking.totalBytes], [5000, 5000]);
	assert.equal(state.layers.get('a')?.state, 'extracting');

	state = play(
		[
			[4000, 'a', 'Pull complete'],
			[4000, 'b', 'Pull complete'],
			[4001, undefined, 'Status: Downloaded newer image for pytorch/pytorch:2.14.1-runtime'],
		],
		state,
	);
	assert.deepEqual([summarizePull(state, 4001).phase, summarizePull(state, 4001).layersDone], ['done', 3]);
	assert.match(state.status, /^Status: Downloaded newer image/);
});

test('a transfer that starts over does not run backwards, and its bytes count for the speed', () => {
	let state = play([
		[0, 'a', 'Downloading', 0, 1000],
		[1000, 'a', 'Downloading', 800, 1000],
		[1100, 'a', 'Retrying in 5 seconds'],
	]);
	assert.equal(state.layers.get('a')?.state, 'retrying');
	assert.equal(summarizePull(state, 1100).receivedBytes, 800);
	state = play([[2000, 'a', 'Downloading', 200, 1000]], state);
	const again = summarizePull(state, 2000);
	assert.equal(again.receivedBytes, 800);
	assert.equal(again.bytesPerSecond, 500);
	assert.equal(again.secondsLeft, 1.6);
});

test('the speed is that of the last ten seconds', () => {
	let state = startPull();
	for (let second = 0; second <= 30; second++) {
		const bytes = second <= 20 ? second * 10 : 200 + (second - 20) * 100;
		state = play([[second * 1000, 'a', 'Downloading', bytes, 5000]], state);
	}

	assert.equal(summarizePull(state, 30_000).bytesPerSecond, 100);
	// Nothing came for a long time: the speed is not known any more, rather than that of long ago.
	assert.equal(summarizePull(state, 60_000).bytesPerSecond, null);
	assert.ok(state.window.length <= 12);
});

test('what the catalogue expects tells the time left before all sizes are known, and never the total', () => {
	const state = play(
		[
			[0, 'a', 'Downloading', 0, 1000],
			[0, 'b', 'Waiting'],
			[1000, 'a', 'Downloading', 500, 1000],
		],
		startPull(10_000),
	);
	const summary = summarizePull(state, 1000);
	assert.deepEqual([summary.totalBytes, summary.totalIsFinal, summary.secondsLeft], [1000, false, 19]);
});

test('no message, however odd, throws or makes a shown figure run backwards', () => {
	const bytes = fc.option(
		fc.oneof(fc.integer({min: 0, max: 10_000}), fc.constantFrom(Number.NaN, -1, Number.POSITIVE_INFINITY)),
		{nil: undefined},
	);
	const messages = fc.array(
		fc.record({
			layer: fc.option(fc.constantFrom('a', 'b', 'c', '', '\u001B[2J', '__proto__'), {nil: undefined}),
			status: fc.constantFrom(
				'Downloading',
				'Waiting',
				'Pulling fs layer',
				'Retrying in 3 seconds',
				'Verifying Checksum',
				'Download complete',
				'Extracting',
				'Pull complete',
				'Already exists',
				'\u001B[2Jodd',
				'',
			),
			currentBytes: bytes,
			totalBytes: bytes,
			wait: fc.nat(3000),
		}),
		{maxLength: 60},
	);
	fc.assert(
		fc.property(messages, (list) => {
			let state = startPull();
			let at = 0;
			let before = summarizePull(state, at);
			for (const {wait, layer, status, currentBytes, totalBytes} of list) {
				at += wait;
				state = play([[at, layer, status, currentBytes, totalBytes]], state);
				const summary = summarizePull(state, at);
				assert.ok((summary.totalBytes ?? 0) >= (before.totalBytes ?? 0));
				assert.ok(summary.receivedBytes >= before.receivedBytes);
				assert.ok(summary.receivedBytes <= (summary.totalBytes ?? 0));
				assert.ok(summary.layersDone >= before.layersDone);
				assert.ok(summary.bytesPerSecond === null || summary.bytesPerSecond >= 0);
				assert.ok(summary.secondsLeft === null || (summary.secondsLeft >= 0 && Number.isFinite(summary.secondsLeft)));
				assert.doesNotMatch(`${state.status}${[...state.layers.keys()].join('')}`, /[\u0000-\u001F]/);
				before = summary;
			}
		}),
		{numRuns: 2000},
	);
});
