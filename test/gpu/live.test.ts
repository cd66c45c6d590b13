import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import fc from 'fast-check';
import type {GpuFacts, GpuFrame} from '../../source/gpu/gpu.ts';
import {UtilizationHistory} from '../../source/gpu/history/sparkline-history.ts';
import {viewGpus} from '../../source/gpu/live.ts';
import {sampleOf} from '../../source/gpu/parse.ts';

const facts = (index: number): GpuFacts => ({
	index,
	uuid: `GPU-${index}`,
	name: 'NVIDIA L4',
	busId: `00000000:0${index}:00.0`,
	computeCapability: '8.9',
	memoryTotalMiB: 23034,
	powerLimit: 72,
	migMode: null,
	persistenceMode: true,
	mig: [],
});

const frame = (utilization: Record<string, number>, messages: string[] = []): GpuFrame => ({
	messages,
	samples: Object.entries(utilization).map(([uuid, value], index) =>
		sampleOf(
			new Map([
				['index', String(index)],
				['uuid', uuid],
				['utilization.gpu', String(value)],
			]),
		),
	),
});

describe('cards as they are shown', () => {
	test('before the first frame nothing is known and nothing is lost', () => {
		const [view] = viewGpus([facts(0)], undefined);
		assert.deepEqual([view?.lost, view?.utilization, view?.memoryTotalMiB, view?.powerLimit], [false, null, 23034, 72]);
	});

	test('a card that a frame lacks is lost and stays', () => {
		const views = viewGpus([facts(0), facts(1), facts(2)], frame({'GPU-0': 10, 'GPU-2': 30}));
		assert.deepEqual(
			views.map(({uuid, lost, utilization}) => [uuid, lost, utilization]),
			[
				['GPU-0', false, 10],
				['GPU-1', true, null],
				['GPU-2', false, 30],
			],
		);
		assert.equal(views[1]?.memoryTotalMiB, 23034);
	});

	test('of a frame that could not be read in full only the card that it names is lost', () => {
		const message = 'Unable to determine the device handle for GPU1: 0000:01:00.0: GPU is lost.';
		const views = viewGpus([facts(0), facts(1), facts(2)], {...frame({'GPU-0': 10}, [message]), unreadable: true});
		assert.deepEqual(
			views.map(({uuid, lost, unread}) => [uuid, lost, unread]),
			[
				['GPU-0', false, false],
				['GPU-1', true, false],
				['GPU-2', false, true],
			],
		);
	});

	test('the UUID counts, not the index', () => {
		const views = viewGpus([facts(0), facts(1)], frame({'GPU-1': 44}));
		assert.deepEqual(
			views.map(({index, utilization, lost}) => [index, utilization, lost]),
			[
				[0, null, true],
				[1, 44, false],
			],
		);
	});
});

describe('history', () => {
	test('oldest first, gaps where there was no reading', () => {
		const history = new UtilizationHistory(4);
		history.add(frame({a: 1, b: 10}));
		history.add(frame({a: 2}));
		history.add(frame({a: 3, b: 30}));
		assert.deepEqual(history.of('a'), [null, 1, 2, 3]);
		assert.deepEqual(history.of('b'), [null, 10, null, 30]);
		assert.deepEqual(history.of('c'), [null, null, null, null]);
	});

	test('it always holds the last ones', () => {
		fc.assert(
			fc.property(fc.array(fc.nat(100), {maxLength: 40}), fc.integer({min: 1, max: 9}), (values, length) => {
				const history = new UtilizationHistory(length);
				for (const value of values) {
					history.add(frame({a: value}));
				}

				const padded = [...Array.from({length}, () => null), ...values];
				assert.deepEqual(history.of('a'), padded.slice(-length));
			}),
		);
	});
});
