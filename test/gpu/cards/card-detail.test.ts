import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {detailOf, parseNvLink, parseSlices, readCardDetail} from '../../../source/gpu/cards/card-detail.ts';
import {makeNvidiaSmi, readCapture} from '../../_helpers/nvidia-smi.ts';

const linesOf = (file: string, part: string) => readCapture(file, part).split('\n');

/** A row of a recording, by field, without units. */
function recorded(file: string): Map<string, string> {
	const [head = '', values = ''] = readCapture(file, 'idle :: query-gpu').trim().split('\n');
	const cells = values.split(', ');
	return new Map(
		head.split(', ').map((name, place) => [name.replace(/ \[.*\]$/, ''), (cells[place] ?? '').replace(/ MHz$/, '')]),
	);
}

describe('what recordings of real cards say', () => {
	test('an H100', () => {
		const {pcie, ecc, clockSmMax} = detailOf(recorded('h100-80gb-hbm3-590.48.01'));
		assert.deepEqual(pcie, {generation: 5, generationMax: 5, width: 16, widthMax: 16});
		assert.equal(clockSmMax, 1980);
		assert.deepEqual(ecc, {
			mode: 'Enabled',
			correctedNow: 0,
			uncorrectedNow: 0,
			correctedEver: 0,
			uncorrectedEver: 0,
			rowsReplaced: 0,
			rowsPending: false,
			rowsFailed: false,
		});
	});

	test('a GeForce has no ECC, and lowers its link when it is idle', () => {
		const {pcie, ecc} = detailOf(recorded('rtx-2080-super-610.57.04'));
		assert.deepEqual(pcie, {generation: 1, generationMax: 3, width: 16, widthMax: 16});
		assert.equal(ecc.mode, null);
		assert.equal(ecc.uncorrectedNow, null);
		assert.equal(ecc.rowsPending, null);
	});

	test('an answer with nothing in it is unknown, not zero', () => {
		const {pcie, ecc, clockSmMax} = detailOf(new Map());
		assert.deepEqual(pcie, {generation: null, generationMax: null, width: null, widthMax: null});
		assert.ok(Object.values(ecc).every((value) => value === null));
		assert.equal(clockSmMax, null);
	});
});

describe('links', () => {
	test('of an H100', () => {
		const links = parseNvLink(linesOf('h100-80gb-hbm3-590.48.01', 'capabilities :: nvlink -s'));
		assert.deepEqual(links, {kind: 'links', active: 18, inactive: 0, gigabytesPerSecond: 26.562});
	});

	test('some of them inactive', () => {
		const lines = ['GPU 0: NVIDIA A100 (UUID: GPU-1)', '\t Link 0: 25 GB/s', '\t Link 1: <inactive>'];
		assert.deepEqual(parseNvLink(lines), {kind: 'links', active: 1, inactive: 1, gigabytesPerSecond: 25});
	});

	test('none, in the words of the driver', () => {
		const mig = parseNvLink(linesOf('h100-mig-590.48.01', 'capabilities :: nvlink -s'));
		assert.deepEqual(mig, {kind: 'none', words: 'not told in MIG mode'});
		const geforce = parseNvLink(linesOf('rtx-2080-super-610.57.04', 'capabilities :: nvlink -s'));
		assert.deepEqual(geforce, {kind: 'none', words: 'all links inactive'});
		assert.deepEqual(parseNvLink(['GPU 0: NVIDIA L4 (UUID: GPU-1)']), {kind: 'none', words: 'no links'});
	});

	test('an answer about something else is no answer', () => {
		assert.equal(parseNvLink(['Invalid combination of input arguments.']), undefined);
		assert.equal(parseNvLink([]), undefined);
	});

	test('control sequences do not get through', () => {
		const links = parseNvLink(['NVML: \u001B[2JNvLink is \u202Ebroken']);
		assert.equal(links?.kind, 'none');
		assert.doesNotMatch(JSON.stringify(links), /\\u001b|\u202E/);
	});
});

test('slices of an H100, with their memory and what runs on each', () => {
	const slices = parseSlices(linesOf('h100-mig-590.48.01', 'load :: query (-q)'));
	assert.deepEqual(
		slices?.map(({index, memoryTotalMiB, memoryUsedMiB, multiprocessors, pids}) => [
			index,
			memoryTotalMiB,
			memoryUsedMiB,
			multiprocessors,
			pids,
		]),
		[
			[0, 40_448, 11_091, 60, [21_180, 21_181, 21_198]],
			[1, 20_096, 17, 32, []],
			[2, 9984, 9, 16, []],
			[3, 9984, 9, 16, []],
		],
	);
	assert.equal(parseSlices(linesOf('h100-80gb-hbm3-590.48.01', 'capabilities :: nvlink -s')), undefined);
});

test('one card is asked, and a field that its driver does not know is left out', async (t) => {
	const fake = makeNvidiaSmi('mig-h100');
	t.after(fake.remove);
	const uuid = 'GPU-da1ab6ad-6f1a-9926-7086-68e3a225fbdc';
	const detail = await readCardDetail(fake.smi, {uuid, migMode: true}, {});
	assert.equal(detail.slices?.length, 4);
	assert.equal(detail.pcie.generation, 5);
	assert.equal(detail.nvLink?.kind, 'none');
	// The stand-in does not know the older name of the link's generation.
	assert.match(
		fake.starts().join('\n'),
		/pcie\.link\.gen\.current[\s\S]*\n(?!.*pcie\.link\.gen\.current).*-i GPU-da1ab6ad/,
	);
});
