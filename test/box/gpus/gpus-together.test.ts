import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {Failure} from '../../../source/base/failure.ts';
import {chooseGpus, type GpuCandidate, GpusTaken, parseGpuSelection} from '../../../source/box/gpus/allocate.ts';

const now = new Date('2026-01-01T12:00:00Z');

function card(index: number, values: Partial<GpuCandidate> = {}): GpuCandidate {
	return {
		uuid: `GPU-${index}`,
		index,
		heldBy: [],
		wantedBy: [],
		foreign: [],
		memoryUsedMiB: 0,
		lost: false,
		...values,
	};
}

/** Cards 0 and 2 are joined, 1 and 3 are. */
const closeness = (a: number, b: number) => ((a + b) % 2 === 0 ? 100 : 1);
const choose = (request: string, candidates: GpuCandidate[], share = false) =>
	chooseGpus(parseGpuSelection(request), candidates, share, {closeness, now});

describe('choosing GPUs among others', () => {
	test('several are taken where they are joined, though others come first', () => {
		assert.deepEqual(choose('2', [card(0), card(1), card(2), card(3)]), ['GPU-0', 'GPU-2']);
		assert.deepEqual(choose('2', [card(0, {heldBy: ['a']}), card(1), card(2), card(3)]), ['GPU-1', 'GPU-3']);
		assert.deepEqual(choose('2', [card(0, {foreign: ['python (7)']}), card(1), card(2)]), ['GPU-1', 'GPU-2']);
	});

	test('a refusal names every holder, and is one that can be waited for', () => {
		assert.throws(
			() => choose('2', [card(0, {heldBy: ['a']}), card(1, {foreign: ['python (7) of bob']})]),
			(error) =>
				error instanceof GpusTaken &&
				error.exitCode === 7 &&
				error.message === 'GPU 0 is used by box a; GPU 1 is used by python (7) of bob.' &&
				error.holders.join() === 'box a,python (7) of bob',
		);
		assert.throws(
			() => choose('3', [card(0), card(1)]),
			(error) => error instanceof Failure && !(error instanceof GpusTaken),
		);
	});

	test('a holder whose time is over is told, with what ends it', () => {
		const overdue = [{name: 'a', until: new Date('2026-01-01T10:00:00Z')}];
		assert.throws(
			() => choose('0,', [card(0, {heldBy: ['a'], overdue})]),
			(error) =>
				error instanceof GpusTaken && error.fix === 'The reservation of a expired 2h ago. To stop it: gpubox stop a',
		);
	});
});
