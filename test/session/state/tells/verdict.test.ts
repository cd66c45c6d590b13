import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import fc from 'fast-check';
import {type CardSample, CardWindow, windowLength} from '../../../../source/session/state/tells/card-window.ts';
import {inGpus, rangesOf} from '../../../../source/session/state/tells/gpu-numbers.ts';
import {
	type BoxEvidence,
	type CardEvidence,
	judgeBox,
	swingsOf,
	type VerdictCode,
} from '../../../../source/session/state/tells/verdict.ts';

/** An H100 under a load that nothing is wrong with. */
const sound: CardSample = {
	utilization: 97,
	memoryUsedMiB: 60_000,
	memoryTotalMiB: 81_559,
	powerDraw: 640,
	powerLimit: 700,
	temperature: 66,
	clockSm: 1900,
	// At its power limit now and then, as is usual at full load.
	throttleReasons: 0x4,
	pcieWidth: 16,
	processes: 1,
};

const idle: Partial<CardSample> = {
	utilization: 0,
	memoryUsedMiB: 4,
	powerDraw: 70,
	throttleReasons: 0x1,
	clockSm: 345,
	processes: 0,
};

type Change = Partial<CardSample> | ((second: number) => Partial<CardSample>);

function card(change: Change = {}, rest: Partial<CardEvidence> = {}, length = windowLength): CardEvidence {
	return {
		index: 0,
		sliced: false,
		unusable: undefined,
		samples: Array.from({length}, (_, second) => ({
			...sound,
			...(typeof change === 'function' ? change(second) : change),
		})),
		clockSmMax: 1980,
		powerDefault: 700,
		pcieWidthMax: 16,
		...rest,
	};
}

function box(cards: CardEvidence[], rest: Partial<BoxEvidence> = {}): BoxEvidence {
	return {shared: false, cards, cpu: null, processesListed: true, ...rest};
}

function four(...changes: Change[]): CardEvidence[] {
	return Array.from({length: 4}, (_, index) => card(changes[index] ?? {}, {index}));
}

/** Waits for its next batch every six seconds. */
const sawtooth = (second: number): Partial<CardSample> => ({
	utilization: second % 6 < 2 ? 90 : 3,
	throttleReasons: 0,
	powerDraw: 250,
});

const table: Array<[name: string, evidence: BoxEvidence, expected: VerdictCode | undefined]> = [
	['a card at full load, at its power limit', box([card()]), undefined],
	['no card', box([]), undefined],
	['four at full load', box(four()), undefined],
	['four idle ones', box(four(idle, idle, idle, idle)), undefined],

	['one of four works', box(four({}, idle, idle, idle)), 'some-idle'],
	['three of four work', box(four({}, {}, {}, idle)), 'some-idle'],
	[
		'one of four works, and another did once',
		box(four({}, (s) => (s === 20 ? {utilization: 30} : idle), idle, idle)),
		undefined,
	],
	['one of four works, of another nothing is known', box(four({}, {utilization: null}, idle, idle)), undefined],
	['one of four works, on shared cards', box(four({}, idle, idle, idle), {shared: true}), undefined],
	['one of two slices works', box([card({}, {sliced: true}), card(idle, {sliced: true, index: 1})]), undefined],
	[
		'one of four for half a minute',
		box(four({}, idle, idle, idle).map((each) => ({...each, samples: each.samples.slice(30)}))),
		undefined,
	],

	['heat, as the driver says', box([card({throttleReasons: 0x24, temperature: 88, clockSm: 1100})]), 'heat'],
	['heat, as the hardware says', box([card({throttleReasons: 0x48, temperature: null})]), 'heat'],
	['heat now and then', box([card((s) => ({throttleReasons: s % 3 === 0 ? 0x20 : 0}))]), undefined],
	['heat without a load', box([card({...idle, throttleReasons: 0x20})]), undefined],
	['reasons unknown, however hot', box([card({throttleReasons: null, temperature: 95})]), undefined],

	['a lowered power limit', box([card({powerLimit: 450, powerDraw: 448})]), 'power'],
	['a limit that halves the clocks', box([card({clockSm: 900})]), 'power'],
	['the power brake', box([card({throttleReasons: 0x88})]), 'power'],
	[
		'a lowered limit that is not reached',
		box([card({powerLimit: 450, powerDraw: 300, throttleReasons: 0})]),
		undefined,
	],
	[
		'a limit of which the default is unknown',
		box([card({powerLimit: 450, powerDraw: 448}, {powerDefault: null})]),
		undefined,
	],
	['slow clocks, the highest unknown', box([card({clockSm: 900}, {clockSmMax: null})]), undefined],

	['four lanes of sixteen', box([card({pcieWidth: 4})]), 'pcie'],
	['one lane of sixteen', box([card({pcieWidth: 1})]), 'pcie'],
	['eight lanes of sixteen', box([card({pcieWidth: 8})]), undefined],
	['four lanes of an idle card', box([card({...idle, pcieWidth: 4})]), undefined],
	['four lanes, the most unknown', box([card({pcieWidth: 4}, {pcieWidthMax: null})]), undefined],
	['four of four lanes', box([card({pcieWidth: 4}, {pcieWidthMax: 4})]), undefined],

	['memory nearly full', box([card({memoryUsedMiB: 80_000})]), 'memory-full'],
	['memory that a server takes on purpose', box([card({memoryUsedMiB: 74_000})]), undefined],
	[
		"full memory of a card that shares the machine's",
		box([card({memoryUsedMiB: null, memoryTotalMiB: null})]),
		undefined,
	],

	['memory without a process', box([card({...idle, memoryUsedMiB: 42_000})]), 'memory-without-process'],
	['memory without a process, which is busy', box([card({memoryUsedMiB: 42_000, processes: 0})]), undefined],
	['memory, processes unknown', box([card({...idle, memoryUsedMiB: 42_000, processes: null})]), undefined],
	[
		'memory where the driver lists no process at all',
		box([card({...idle, memoryUsedMiB: 42_000})], {processesListed: false}),
		undefined,
	],
	['memory of a desktop', box([card({...idle, memoryUsedMiB: 1800})]), undefined],
	[
		'memory without a process on a shared card',
		box([card({...idle, memoryUsedMiB: 42_000})], {shared: true}),
		undefined,
	],
	[
		'memory of a process that ended half a minute ago',
		box([card((s) => ({...idle, memoryUsedMiB: 42_000, processes: s < 30 ? 1 : 0}))]),
		undefined,
	],

	['all busy with hardly any power', box([card({utilization: 100, powerDraw: 120, throttleReasons: 0})]), 'stalled'],
	['busy, power unknown', box([card({utilization: 100, powerDraw: null})]), undefined],
	[
		'busy, limit unknown',
		box([card({utilization: 100, powerDraw: 120, powerLimit: null, throttleReasons: 0})]),
		undefined,
	],
	['half busy with little power', box([card({utilization: 50, powerDraw: 120, throttleReasons: 0})]), undefined],

	['a sawtooth and busy CPUs', box([card(sawtooth)], {cpu: {busy: 15.2, available: 16}}), 'waits-for-data'],
	['a sawtooth and one busy CPU', box([card(sawtooth)], {cpu: {busy: 1.02, available: 64}}), 'waits-for-data'],
	['a sawtooth and idle CPUs', box([card(sawtooth)], {cpu: {busy: 0.2, available: 64}}), undefined],
	['a sawtooth and some busy CPUs', box([card(sawtooth)], {cpu: {busy: 7, available: 64}}), undefined],
	['a sawtooth, CPUs unknown', box([card(sawtooth)]), undefined],
	['a steady low load and busy CPUs', box([card({utilization: 35})], {cpu: {busy: 15.2, available: 16}}), undefined],
	[
		'one burst',
		box([card((s) => ({utilization: s > 20 && s < 30 ? 90 : 0}))], {cpu: {busy: 15.2, available: 16}}),
		undefined,
	],

	['a lost card', box([card({}, {unusable: {reason: 'lost', fix: 'Reboot'}})]), 'unusable'],
	['the gravest of several', box(four({}, {throttleReasons: 0x40}, idle, {pcieWidth: 4})), 'some-idle'],
];

describe('the verdict on a box', () => {
	for (const [name, evidence, expected] of table) {
		test(name, () => {
			assert.equal(judgeBox(evidence)?.code, expected);
		});
	}

	test('names the cards, the figures it follows from and what to do', () => {
		assert.deepEqual(judgeBox(box(four({}, idle, idle, idle))), {
			code: 'some-idle',
			severity: 'warning',
			text: '1 of 4 GPUs works',
			evidence: 'GPU 0 97 %, GPUs 1-3 0 % for a minute',
			fix: 'Run it on all of them (gpubox run --nproc auto), or hand the others back: gpubox up --recreate --gpus N',
		});
		assert.equal(
			judgeBox(box([card({throttleReasons: 0x20, temperature: 88, clockSm: 1110}, {index: 3})]))?.evidence,
			'the driver lowers the clocks of GPU 3 at 88 °C, clocks 1110 of 1980 MHz',
		);
		assert.equal(judgeBox(box([card({pcieWidth: 4})]))?.text, 'GPU 0 on PCIe x4');
	});

	test('never follows from what is unknown', () => {
		const figures = Object.keys(sound) as Array<keyof CardSample>;
		const none = Object.fromEntries(figures.map((figure) => [figure, null])) as CardSample;
		assert.equal(judgeBox(box([card(none)], {cpu: {busy: 16, available: 16}})), undefined);
		for (const [name, evidence, expected] of table) {
			// Fewer facts may take a verdict away, or leave a lesser one; with all of them gone there is none.
			const blind = {
				...evidence,
				cards: evidence.cards.map((each) => ({...each, samples: each.samples.map(() => none)})),
			};
			assert.equal(judgeBox(blind)?.code, expected === 'unusable' ? expected : undefined, name);
		}
	});

	test('is safe with any figures', () => {
		const figure = fc.option(fc.oneof(fc.integer({min: 0, max: 100_000}), fc.double({min: 0, max: 1000, noNaN: true})));
		const sample = fc.record({
			utilization: figure,
			memoryUsedMiB: figure,
			memoryTotalMiB: figure,
			powerDraw: figure,
			powerLimit: figure,
			temperature: figure,
			clockSm: figure,
			throttleReasons: fc.option(fc.nat(0xff)),
			pcieWidth: figure,
			processes: fc.option(fc.nat(5)),
		});
		const evidence = fc.record({
			index: fc.nat(15),
			sliced: fc.boolean(),
			unusable: fc.constant(undefined),
			samples: fc.array(sample, {maxLength: windowLength}),
			clockSmMax: figure,
			powerDefault: figure,
			pcieWidthMax: figure,
		});
		fc.assert(
			fc.property(
				fc.record({
					shared: fc.boolean(),
					cards: fc.array(evidence, {maxLength: 4}),
					cpu: fc.option(fc.record({busy: fc.nat(64), available: fc.nat(64)})),
					processesListed: fc.boolean(),
				}),
				(given) => {
					const verdict = judgeBox(given);
					for (const text of verdict === undefined ? [] : [verdict.text, verdict.evidence, verdict.fix]) {
						assert.ok(text.length > 0);
						assert.doesNotMatch(text, /NaN|undefined|null|Infinity/);
					}
				},
			),
		);
	});
});

test('the window of a card holds a minute, takes a reading a second, and forgets what was before a gap', () => {
	const window = new CardWindow();
	for (let second = 0; second < 200; second += 1) {
		window.add({...sound, utilization: second}, second * 1000);
		window.add({...sound, utilization: -1}, second * 1000 + 250);
	}

	assert.equal(window.samples.length, windowLength);
	assert.deepEqual([window.samples[0]?.utilization, window.samples.at(-1)?.utilization], [140, 199]);
	window.add(sound, 206_000);
	assert.equal(window.samples.length, 1);
});

test('swings are counted from the lower third to the upper one', () => {
	assert.equal(swingsOf([0, 90, 0, 90, 50, 90, 0]), 2);
	assert.equal(swingsOf([40, 40, 40]), 0);
	assert.equal(swingsOf([90, 0]), 0);
});

test('numbers of GPUs are written as ranges', () => {
	assert.deepEqual(rangesOf([3, 0, 1, 2, 6]), ['0-3', '6']);
	assert.equal(inGpus([{index: 4}]), 'GPU 4');
	assert.equal(inGpus([{index: 0}, {index: 1}, {index: 5}]), 'GPUs 0,1,5');
});
