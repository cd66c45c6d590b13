import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import fc from 'fast-check';
import {Failure} from '../../../source/base/failure.ts';
import {
	chooseGpus,
	type GpuCandidate,
	GpusTaken,
	notesOnChoice,
	parseGpuSelection,
} from '../../../source/box/gpus/allocate.ts';

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
	for (const text of [
		'device=3',
		'"device=3"',
		`'"device=3"'`,
		'[3]',
		' [ 3 ] ',
		'["3"]',
		'[3,]',
		'cuda:3',
		'gpu3',
		'GPU 3',
		'3-3',
	]) {
		test(`${text} is GPU 3`, () => assert.deepEqual(parseGpuSelection(text), {kind: 'exact', names: ['3']}));
	}

	for (const text of ['device=0,2', '"device=0,2"', '[0, 2]', "['0','2']", 'cuda:0,cuda:2', 'gpu0, GPU2', '0,2-2']) {
		test(`${text} is GPU 0 and GPU 2`, () =>
			assert.deepEqual(parseGpuSelection(text), {kind: 'exact', names: ['0', '2']}));
	}

	test('ranges and capitals are taken', () => {
		assert.deepEqual(parseGpuSelection('0-2,6'), {kind: 'exact', names: ['0', '1', '2', '6']});
		assert.deepEqual(
			['ALL', 'None', ' Auto '].map((text) => parseGpuSelection(text).kind),
			['all', 'none', 'auto'],
		);
	});

	for (const text of [
		'3-0',
		'0-99',
		'0-',
		'cuda:',
		'cuda:0-3',
		'0:3',
		'device=',
		'device=all',
		'[]',
		'[a]',
		'device=0,capabilities=utility',
		'[0',
		'[auto]',
		'',
		'some',
		'-1',
		'1.5',
		'0;2',
		',',
		'GPU-$(x)',
		'99999',
		'9'.repeat(400),
		'0,99999',
		`GPU-${'a'.repeat(200)}`,
	]) {
		test(`"${text}" is refused`, () =>
			assert.throws(() => parseGpuSelection(text), refused(2, /Invalid value for --gpus/)));
	}
});

test('any words at all for GPUs are read or refused, and a list of them has each once', () => {
	const words = fc
		.array(
			fc.constantFrom(
				...'auto none all 0 1 7 12345 , , GPU- MIG- GPU-a/1 [ ] " \' device= capabilities= - . \u001B'.split(' '),
				' ',
			),
			{maxLength: 8},
		)
		.map((parts) => parts.join(''));
	fc.assert(
		fc.property(fc.oneof(words, fc.string({unit: 'binary', maxLength: 12})), (text) => {
			let found: ReturnType<typeof parseGpuSelection>;
			try {
				found = parseGpuSelection(text);
			} catch (error) {
				assert.ok(refused(2, /Invalid value for --gpus/)(error), String(error));
				return;
			}

			if (found.kind === 'exact') {
				assert.equal(new Set(found.names).size, found.names.length);
				assert.ok(found.names.length > 0 && found.names.every((name) => /^[\w/-]+$/.test(name)));
			} else if (found.kind === 'count') {
				assert.ok(Number.isSafeInteger(found.count) && found.count > 0);
			}
		}),
		{numRuns: 500},
	);
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
	test('GPUs of one holder are named together, and a job is called one', () => {
		const train = {heldBy: ['alice-train-3'], jobs: ['alice-train-3']};
		assert.throws(
			() => choose('all', [card(0, train), card(1, train), card(2, {heldBy: ['bob-llm']}), card(3, train)]),
			refused(7, /^GPUs 0, 1 and 3 are used by job alice-train-3; GPU 2 is used by box bob-llm\.$/),
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

describe('cards that may be in use, and cards of no use', () => {
	const inUse = {doubt: {busy: true, reason: '94 %, 67.2 GiB, no process listed'}};
	const unsure = {doubt: {busy: false, reason: 'processes not known'}};
	const useless = {unusable: {reason: 'MIG on, no slice', fix: 'Turn MIG off'}};
	const notes = (text: string, cards: GpuCandidate[], typed = true) => {
		const request = parseGpuSelection(text);
		const chosen = chooseGpus(request, cards, false);
		assert.ok(chosen !== 'undecided');
		return [chosen, notesOnChoice(request, cards, chosen, typed)];
	};

	test('an idle one comes first, then one that nothing is known of, then one that seems to be in use', () => {
		assert.deepEqual(notes('auto', [card(0, inUse), card(1, unsure), card(2)]), [['GPU-2'], []]);
		assert.deepEqual(notes('auto', [card(0, inUse), card(1, unsure)]), [
			['GPU-1'],
			['GPU 1 may be in use: processes not known.'],
		]);
		assert.deepEqual(notes('0,', [card(0, inUse), card(1)]), [
			['GPU-0'],
			['GPU 0 seems to be in use (94 %, 67.2 GiB, no process listed).'],
		]);
	});

	test('several: idle ones before near ones', () => {
		const near = (a: number, b: number) => (Math.abs(a - b) === 1 ? 100 : 1);
		const cards = [card(0), card(1, inUse), card(2), card(3)];
		assert.deepEqual(chooseGpus(parseGpuSelection('2'), cards, false, {closeness: near}), ['GPU-2', 'GPU-3']);
	});

	test('one of no use is given to no one: not by auto, a count or all, and by name it is refused', () => {
		const cards = [card(0, useless), card(1)];
		assert.deepEqual(choose('auto', cards), ['GPU-1']);
		assert.deepEqual(choose('1', cards, true), ['GPU-1']);
		assert.deepEqual(notes('all', cards), [['GPU-1'], ['GPU 0 is left out: MIG on, no slice.']]);
		assert.throws(() => choose('2', cards), refused(4, /2 GPUs requested.*only 1 working/));
		for (const name of ['0,', 'GPU-0']) {
			assert.throws(() => choose(name, cards), refused(4, /cannot be used: MIG on, no slice/));
		}
	});

	test('where it is the only one, that is told', () => {
		for (const text of ['auto', '1', 'all']) {
			assert.throws(
				() => choose(text, [card(0, useless)]),
				(error: unknown) => refused(4, /GPU 0: MIG on, no slice/)(error) && /Turn MIG off/.test((error as Failure).fix),
			);
		}
	});

	test('all on a host of slices alone is all slices', () => {
		const cards = [card(0, {sliced: true}), card(0, {uuid: 'MIG-1', sliceOf: 'GPU-0'})];
		assert.deepEqual(choose('all', cards), ['MIG-1']);
	});

	test('a process that cannot be identified keeps its card, and the way out is told', () => {
		const cards = [card(0, {foreign: ['process 1'], unexplained: true})];
		assert.throws(
			() => choose('auto', cards),
			(error: unknown) =>
				error instanceof GpusTaken && /--share-gpus/.test(error.fix) && /--share-gpus/.test(error.instead ?? ''),
		);
		assert.deepEqual(choose('auto', cards, true), ['GPU-0']);
	});

	test('a number that is also a card', () => {
		const seven = Array.from({length: 8}, (_, index) => card(index));
		assert.match(String(notes('7', seven)[1]), /--gpus 7 means 7 GPUs; for GPU 7 write --gpus 7,/);
		assert.match(String(notes('1', seven)[1]), /--gpus 1 means one GPU; for GPU 1 write --gpus 1,/);
		assert.deepEqual(notes('1', seven, false)[1], [], 'not typed for this call');
		assert.deepEqual(notes('1', [card(1)])[1], [], 'it is that card');
		assert.deepEqual(notes('8', seven)[1], [], 'there is no card 8');
		assert.throws(
			() => choose('7', [...seven.slice(0, 6).map((each) => ({...each, heldBy: ['a']})), ...seven.slice(6)]),
			(error: unknown) => error instanceof GpusTaken && /for GPU 7 write --gpus 7,/.test(error.fix),
		);
		assert.throws(
			() => choose('7', [card(0), card(7)]),
			(error: unknown) => error instanceof Failure && /for GPU 7 write --gpus 7,/.test(error.fix),
		);
	});
});
