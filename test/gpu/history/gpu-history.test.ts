import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import type {GpuFrame} from '../../../source/gpu/gpu.ts';
import {GpuHistory} from '../../../source/gpu/history/gpu-history.ts';
import {frameOf, inventoryOf} from '../../_helpers/demo.ts';

const start = Date.UTC(2026, 10, 20, 12);
const inventory = inventoryOf(1);
const uuid = inventory.gpus[0]?.uuid ?? '';

/** A reading of one card with this utilisation. */
function reading(utilization: number | null, throttleReasons: number | null = 0): GpuFrame {
	const frame = frameOf(inventory);
	return {...frame, samples: frame.samples.map((sample) => ({...sample, utilization, throttleReasons}))};
}

function curve(history: GpuHistory, seconds: 1 | 10 | 120, untilMs: number, points: number) {
	return history.curve(uuid, 'utilization', {seconds, untilMs, points});
}

test('a second is a reading, ten seconds are their mean', () => {
	const history = new GpuHistory();
	for (let second = 0; second < 20; second += 1) {
		history.add(reading(second), start + second * 1000);
	}

	assert.deepEqual(curve(history, 1, start + 19_000, 300).slice(-3), [17, 18, 19]);
	assert.deepEqual(curve(history, 10, start + 19_000, 360).slice(-2), [4.5, 14.5]);
	assert.deepEqual(curve(history, 120, start + 19_000, 720).slice(-1), [9.5]);
});

test('what is not known is not zero, and counts for no mean', () => {
	const history = new GpuHistory();
	history.add(reading(80), start);
	history.add(reading(null), start + 1000);
	history.add(reading(40), start + 2000);
	assert.deepEqual(curve(history, 1, start + 2000, 300).slice(-4), [null, 80, null, 40]);
	assert.deepEqual(curve(history, 10, start + 2000, 360).slice(-1), [60]);
});

test('a reading that came a little late leaves no gap, one that did not come does', () => {
	const history = new GpuHistory();
	history.add(reading(10), start + 900);
	history.add(reading(20), start + 2010);
	history.add(reading(30), start + 6000);
	assert.deepEqual(curve(history, 1, start + 6000, 300).slice(-7), [10, 10, 20, null, null, null, 30]);
});

test('every reason there was within a period counts', () => {
	const history = new GpuHistory();
	history.add(reading(90, 0x4), start);
	history.add(reading(90, 0x20), start + 1000);
	history.add(reading(90, null), start + 2000);
	assert.equal(history.curve(uuid, 'throttleReasons', {seconds: 10, untilMs: start, points: 360}).at(-1), 0x24);
	assert.equal(history.at(uuid, start + 2000)?.figures.throttleReasons, null);
});

test('a moment is told from the finest readings that reach back to it', () => {
	const history = new GpuHistory();
	for (let second = 0; second < 4000; second += 1) {
		history.add(reading(second % 100), start + second * 1000);
	}

	const newest = start + 3_999_000;
	assert.equal(history.at(uuid, newest)?.seconds, 1);
	assert.equal(history.at(uuid, newest - 299_000)?.seconds, 1);
	assert.equal(history.at(uuid, newest - 600_000)?.seconds, 10);
	assert.equal(history.at(uuid, newest - 3_700_000)?.seconds, 120);
	assert.equal(history.at(uuid, start - 3_600_000), undefined);
	assert.equal(history.at('GPU-other', newest), undefined);
});

test('a week of readings takes no more memory than a day, and only the last day is kept', () => {
	const history = new GpuHistory();
	for (let minute = 0; minute < 7 * 24 * 60; minute += 1) {
		history.add(reading(minute % 100), start + minute * 60_000);
	}

	assert.equal(history.buckets(120, 0).length, 720);
	assert.ok(history.buckets(1, 0).length <= 300);
	assert.ok(history.buckets(10, 0).length <= 360);
});

test('cards that come under ever new names do not fill the memory', () => {
	const history = new GpuHistory();
	for (let count = 0; count < 200; count += 1) {
		const frame = reading(1);
		history.add({...frame, samples: frame.samples.map((sample) => ({...sample, uuid: `GPU-${count}`}))}, start);
	}

	assert.equal(history.uuids.length, 64);
	assert.ok(history.uuids.includes('GPU-199'));
});

test('what was kept elsewhere fills gaps, and never replaces what was read here', () => {
	const history = new GpuHistory();
	history.add(reading(50), start);
	const buckets = history.buckets(1, 0);
	assert.equal(buckets.length, 1);
	const period = start / 1000;
	for (const bucket of buckets) {
		history.fill({...bucket, figures: bucket.figures.map(() => 7)});
		history.fill({...bucket, at: period - 1, figures: bucket.figures.map(() => 7)});
		// Of a time long ago, whose place a newer one has.
		history.fill({...bucket, at: period - 300, figures: bucket.figures.map(() => 9)});
	}

	assert.deepEqual(curve(history, 1, start, 300).slice(-2), [7, 50]);
});

test('a curve has as many points as asked for, whatever the history holds, and each is between its readings', () => {
	fc.assert(
		fc.property(
			fc.array(fc.record({after: fc.integer({min: 0, max: 5000}), value: fc.option(fc.integer({min: 0, max: 100}))}), {
				maxLength: 400,
			}),
			fc.integer({min: 0, max: 700}),
			(readings, points) => {
				const history = new GpuHistory();
				let atMs = start;
				for (const {after, value} of readings) {
					atMs += after;
					history.add(reading(value), atMs);
				}

				for (const seconds of [1, 10, 120] as const) {
					const values = curve(history, seconds, atMs, points);
					assert.equal(values.length, points);
					assert.ok(values.every((value) => value === null || (value >= 0 && value <= 100)));
				}
			},
		),
		{numRuns: 50},
	);
});
