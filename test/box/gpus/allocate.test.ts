import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {Failure} from '../../../source/base/failure.ts';
import {chooseGpus, type GpuCandidate, parseGpuSelection} from '../../../source/box/gpus/allocate.ts';

const card = (index: number, members: Partial<GpuCandidate> = {}): GpuCandidate => ({
	uuid: `GPU-${index}`,
	index,
	heldBy: [],
	wantedBy: [],
	foreign: [],
	memoryUsedMiB: 0,
	lost: false,
	...members,
});
const choose = (text: string, cards: GpuCandidate[], share = false) =>
	chooseGpus(parseGpuSelection(text), cards, share);
const refused = (code: number, what: RegExp) => (error: unknown) =>
	error instanceof Failure && error.exitCode === code && what.test(error.message) && error.fix !== '';

describe('--gpus', () => {
	test('is read as docker reads it: a number is a count, an index needs a comma or company', () => {
		assert.deepEqual(parseGpuSelection('2'), {kind: 'count', count: 2});
		assert.deepEqual(parseGpuSelection('0,2'), {kind: 'exact', names: ['0', '2']});
		assert.deepEqual(parseGpuSelection('0,'), {kind: 'exact', names: ['0']});
		assert.deepEqual(parseGpuSelection('0'), {kind: 'none'});
		assert.deepEqual(parseGpuSelection('GPU-a,GPU-a'), {kind: 'exact', names: ['GPU-a']});
	});
	for (const text of ['', 'some', '-1', '1.5', '0;2', ',', 'GPU-$(x)']) {
		test(`"${text}" is refused`, () =>
			assert.throws(() => parseGpuSelection(text), refused(2, /Invalid value for --gpus/)));
	}
});

describe('choosing', () => {
	test('auto takes the freest that nobody holds', () => {
		assert.deepEqual(
			choose('auto', [card(0, {heldBy: ['a']}), card(1, {memoryUsedMiB: 500}), card(2), card(3, {foreign: ['x (1)']})]),
			['GPU-2'],
		);
	});
	test('auto on a host without GPUs takes none, anything else is refused', () => {
		assert.deepEqual(choose('auto', []), []);
		assert.throws(() => choose('1', []), refused(4, /no usable GPU/));
	});
	test('a count gives the lowest of the free ones in order', () => {
		assert.deepEqual(choose('2', [card(0), card(1, {heldBy: ['a']}), card(2)]), ['GPU-0', 'GPU-2']);
	});
	test('too few free ones: the holders are named', () => {
		assert.throws(
			() => choose('2', [card(0), card(1, {heldBy: ['alice-train']}), card(2, {foreign: ['python (7) of bob']})]),
			refused(7, /GPU 1 is used by box alice-train; GPU 2 is used by python \(7\) of bob/),
		);
	});
	test('more than there are', () =>
		assert.throws(() => choose('3', [card(0), card(1)]), refused(4, /3 GPUs requested/)));
	test('a lost card is never chosen, and refused when named', () => {
		assert.deepEqual(choose('all', [card(0, {lost: true}), card(1)]), ['GPU-1']);
		assert.throws(() => choose('0,', [card(0, {lost: true})]), refused(4, /no longer responds/));
	});
	test('an unknown card', () => assert.throws(() => choose('5,', [card(0)]), refused(4, /no GPU 5/)));
	test('--share-gpus takes what others use, the least used first', () => {
		const cards = [card(0, {heldBy: ['a', 'b']}), card(1, {heldBy: ['c']})];
		assert.deepEqual(choose('1', cards, true), ['GPU-1']);
		assert.deepEqual(choose('all', cards, true), ['GPU-0', 'GPU-1']);
		assert.deepEqual(choose('1', [card(0, {foreign: ['python (7)']})], true), ['GPU-0']);
	});
	test('--share-gpus leaves a card to a box that did not agree to share it', () => {
		const cards = [card(0, {heldBy: ['a', 'b'], keptBy: ['b']}), card(1, {heldBy: ['c']})];
		assert.deepEqual(choose('1', cards, true), ['GPU-1']);
		for (const text of ['all', '2', '0,']) {
			assert.throws(() => choose(text, cards, true), refused(7, /^GPU 0 is used by box b\.$/));
		}

		assert.equal(choose('0,', [card(0, {wantedBy: ['a'], keptBy: ['a']})], true), 'undecided');
		assert.deepEqual(choose('0,', [card(0, {wantedBy: ['a']})], true), ['GPU-0']);
	});
	test('what a box that is being made may still give back is not decided yet', () => {
		assert.equal(choose('1', [card(0, {wantedBy: ['a']})]), 'undecided');
		assert.deepEqual(choose('1', [card(0, {wantedBy: ['a']}), card(1)]), ['GPU-1']);
	});
	test('a sliced card goes by slice', () => {
		const cards = [card(0, {sliced: true}), card(0, {uuid: 'MIG-1', sliceOf: 'GPU-0'}), card(1)];
		assert.throws(() => choose('0,', cards), refused(2, /divided into MIG slices/));
		assert.deepEqual(choose('MIG-1', cards), ['MIG-1']);
		assert.deepEqual(choose('auto', cards), ['GPU-1']);
	});
	test('a host of slices alone hands out a slice', () => {
		const cards = [card(0, {sliced: true}), card(0, {uuid: 'MIG-1', sliceOf: 'GPU-0'})];
		assert.deepEqual(choose('1', cards), ['MIG-1']);
	});
});
