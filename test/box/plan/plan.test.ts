import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import type {GpuCandidate} from '../../../source/box/gpus/allocate.ts';
import {shareOfGpus} from '../../../source/box/up/resolve-spec.ts';

describe('the part of the host that a box gets', () => {
	const candidate = (uuid: string, sliceOf?: string): GpuCandidate => ({
		uuid,
		index: 0,
		heldBy: [],
		wantedBy: [],
		foreign: [],
		memoryUsedMiB: null,
		lost: false,
		...(sliceOf === undefined ? {} : {sliceOf}),
	});
	const slices = Array.from({length: 7}, (_, index) => candidate(`MIG-${index}`, 'GPU-0'));
	const host = [candidate('GPU-0'), ...slices, candidate('GPU-1')];

	test('is that of its cards', () => {
		assert.equal(shareOfGpus(['GPU-1'], host), 1 / 2);
		assert.equal(shareOfGpus(['GPU-0', 'GPU-1'], host), 1);
	});

	test('counts a slice for its part of the card: seven boxes on one card do not each get all of it', () => {
		assert.equal(shareOfGpus(['MIG-3'], host), 1 / 14);
		const one = [candidate('GPU-0'), ...slices];
		const all = slices.map(({uuid}) => shareOfGpus([uuid], one) ?? 0);
		assert.ok(Math.abs(all.reduce((sum, part) => sum + part, 0) - 1) < 1e-9);
	});

	test('is not known without cards', () => {
		assert.equal(shareOfGpus([], host), undefined);
		assert.equal(shareOfGpus([], []), undefined);
	});
});
