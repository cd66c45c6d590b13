/**
What is wrong with how a box uses its GPUs, from the last minute of readings. One verdict with its evidence, the gravest that fits; none where none
fits. What is unknown never leads to one.
*/
import type {CardSample} from './card-window.ts';
import {inGpus} from './gpu-numbers.ts';

export type VerdictCode =
	| 'unusable'
	| 'memory-without-process'
	| 'some-idle'
	| 'heat'
	| 'power'
	| 'pcie'
	| 'stalled'
	| 'waits-for-data'
	| 'memory-full';

export type Verdict = {
	code: VerdictCode;
	severity: 'warning' | 'bad';
	/** In a few words, for a row. */
	text: string;
	/** The figures that it follows from. */
	evidence: string;
	fix: string;
};

/** One card of a box. */
export type CardEvidence = {
	index: number;
	/** It is split, and the box has slices of it: readings of the whole card say nothing about them. */
	sliced: boolean;
	/** Why programs cannot use it, and what to do. */
	unusable: {reason: string; fix: string} | undefined;
	/** The last minute, the oldest first. */
	samples: readonly CardSample[];
	/** What it could reach; null where the driver does not say. */
	clockSmMax: number | null;
	powerDefault: number | null;
	pcieWidthMax: number | null;
};

export type BoxEvidence = {
	/** Others may use its cards too. */
	shared: boolean;
	cards: readonly CardEvidence[];
	/** CPUs that it keeps busy, and how many it may use; null where that is not known. */
	cpu: {busy: number; available: number} | null;
	/** The driver lists processes at all: somewhere on this host it lists one. */
	processesListed: boolean;
};

/** Of the last minute so many readings have to be there. */
const leastSamples = 40;
/** Percent; above it a card computes. */
const computingFrom = 20;
/** Percent; a card that was never above does nothing. */
const idleUpTo = 2;

type Figure = keyof CardSample;

type Summary = {mean: number; least: number; most: number; values: number[]};

/** Undefined where too little is known. */
function summaryOf(samples: readonly CardSample[], figure: Figure): Summary | undefined {
	const values = samples.map((sample) => sample[figure]).filter((value) => value !== null);
	if (values.length < leastSamples || values.length < samples.length * 0.8) {
		return undefined;
	}

	return {
		mean: values.reduce((sum, value) => sum + value, 0) / values.length,
		least: Math.min(...values),
		most: Math.max(...values),
		values,
	};
}

type Rule = (box: BoxEvidence) => Verdict | undefined;

/** The gravest first. */
const rules: readonly Rule[] = [
	unusable,
	memoryWithoutProcess,
	someIdle,
	heat,
	powerCap,
	narrowPcie,
	stalled,
	waitsForData,
	memoryFull,
];

/** Pure. Undefined where nothing is wrong, or nothing is known to be. */
export function judgeBox(box: BoxEvidence): Verdict | undefined {
	for (const rule of rules) {
		const verdict = rule(box);
		if (verdict !== undefined) {
			return verdict;
		}
	}

	return undefined;
}

function unusable({cards}: BoxEvidence): Verdict | undefined {
	const first = cards.find((card) => card.unusable !== undefined);
	if (first?.unusable === undefined) {
		return undefined;
	}

	const {reason, fix} = first.unusable;
	const same = cards.filter((card) => card.unusable?.reason === reason);
	const text = `${inGpus(same)} ${reason}`;
	return {code: 'unusable', severity: 'bad', text, evidence: 'as the driver reports', fix};
}

/** Memory of an idle card and of a desktop is less. */
const unexplainedMiB = 4096;
const unexplainedShare = 0.1;

/** Only on cards that the box has alone, and where the driver lists processes at all. */
function memoryWithoutProcess({cards, shared, processesListed}: BoxEvidence): Verdict | undefined {
	if (shared || !processesListed) {
		return undefined;
	}

	const found = cards.flatMap((card) => {
		const used = card.sliced ? undefined : summaryOf(card.samples, 'memoryUsedMiB');
		const total = card.samples.at(-1)?.memoryTotalMiB ?? null;
		const processes = summaryOf(card.samples, 'processes');
		const load = summaryOf(card.samples, 'utilization');
		const holds =
			used !== undefined &&
			total !== null &&
			used.least >= Math.max(unexplainedMiB, total * unexplainedShare) &&
			processes?.most === 0 &&
			load !== undefined &&
			load.most <= idleUpTo;
		return holds ? [{card, used: used.least}] : [];
	});
	const [first] = found;
	return first === undefined
		? undefined
		: {
				code: 'memory-without-process',
				severity: 'bad',
				text: `${inGpus(found.map(({card}) => card))} full, no process`,
				evidence: `${gib(first.used)} GiB of GPU ${first.card.index} in use for a minute, and the driver lists no process on it`,
				fix: `A process that died may still hold it: sudo fuser -v /dev/nvidia${first.card.index}. Restarting the box frees what its own processes hold`,
			};
}

/** Some cards compute and others do nothing at all, for a whole minute. */
function someIdle({cards, shared}: BoxEvidence): Verdict | undefined {
	if (shared || cards.length < 2 || cards.some(({sliced}) => sliced)) {
		return undefined;
	}

	const loads = cards.map((card) => ({index: card.index, load: summaryOf(card.samples, 'utilization')}));
	const working = loads.filter(({load}) => load !== undefined && load.mean >= computingFrom);
	const idle = loads.filter(({load}) => load !== undefined && load.most <= idleUpTo);
	if (working.length === 0 || idle.length === 0 || working.length + idle.length < cards.length) {
		return undefined;
	}

	const means = working.map(({load}) => load?.mean ?? 0);
	const mean = means.reduce((sum, value) => sum + value, 0) / means.length;
	return {
		code: 'some-idle',
		severity: 'warning',
		text: `${working.length} of ${cards.length} GPUs ${working.length === 1 ? 'works' : 'work'}`,
		evidence: `${inGpus(working)} ${percent(mean)}, ${inGpus(idle)} 0 % for a minute`,
		fix: 'Run it on all of them (gpubox run --nproc auto), or hand the others back: gpubox up --recreate --gpus N',
	};
}

/** NVML's bits of why clocks are low. */
const bits = {powerCap: 0x4, driverHeat: 0x20, hardwareHeat: 0x40, powerBrake: 0x80};

/** The share of the minute in which any of these bits was set; undefined where too little is known. */
function shareWith(samples: readonly CardSample[], wanted: number): number | undefined {
	const reasons = summaryOf(samples, 'throttleReasons')?.values;
	return reasons && reasons.filter((value) => (value & wanted) !== 0).length / reasons.length;
}

function isComputing(samples: readonly CardSample[]): boolean {
	return (summaryOf(samples, 'utilization')?.mean ?? 0) >= computingFrom;
}

/** What the clocks reach of what they could, e.g. `, clocks 1110 of 1980 MHz`. */
function clocksOf({samples, clockSmMax}: CardEvidence): string {
	const clock = summaryOf(samples, 'clockSm')?.mean;
	return clock === undefined || clockSmMax === null
		? ''
		: `, clocks ${Math.round(clock)} of ${Math.round(clockSmMax)} MHz`;
}

function heat({cards}: BoxEvidence): Verdict | undefined {
	const hot = cards.filter(
		({samples}) => isComputing(samples) && (shareWith(samples, bits.driverHeat | bits.hardwareHeat) ?? 0) >= 0.5,
	);
	const [first] = hot;
	if (first === undefined) {
		return undefined;
	}

	const temperature = summaryOf(first.samples, 'temperature')?.most;
	const degrees = temperature === undefined ? '' : ` at ${Math.round(temperature)} °C`;
	return {
		code: 'heat',
		severity: 'bad',
		text: `${inGpus(hot)} slowed by heat`,
		evidence: `the driver lowers the clocks of GPU ${first.index}${degrees}${clocksOf(first)}`,
		fix: `See to its fans and the air that reaches it; a lower power limit helps meanwhile: sudo nvidia-smi -i ${first.index} -pl WATTS`,
	};
}

/** A power limit that slows a card down this much is not the usual one at full load. */
const slowedShare = 0.7;

/**
A card at its limit is nothing unusual. It is worth a word where the limit was lowered, where the clocks are far below what they could be, or
where the power supply slows it.
*/
function powerCap({cards}: BoxEvidence): Verdict | undefined {
	const capped = cards.flatMap((card) => {
		const {samples, clockSmMax, powerDefault} = card;
		if (!isComputing(samples)) {
			return [];
		}

		const limit = samples.at(-1)?.powerLimit ?? null;
		const clock = summaryOf(samples, 'clockSm')?.mean;
		const brake = (shareWith(samples, bits.powerBrake) ?? 0) >= 0.5;
		const atLimit = (shareWith(samples, bits.powerCap) ?? 0) >= 0.8;
		const lowered = limit !== null && powerDefault !== null && limit < powerDefault * 0.9;
		const slow = clock !== undefined && clockSmMax !== null && clock < clockSmMax * slowedShare;
		return brake || (atLimit && (lowered || slow)) ? [{...card, brake, lowered, limit}] : [];
	});
	const [first] = capped;
	if (first === undefined) {
		return undefined;
	}

	const draw = summaryOf(first.samples, 'powerDraw')?.mean;
	const usual = first.lowered ? ` (default ${Math.round(first.powerDefault ?? 0)} W)` : '';
	const figures =
		draw === undefined || first.limit === null ? 'at its limit' : `${Math.round(draw)} of ${Math.round(first.limit)} W`;
	return {
		code: 'power',
		severity: first.brake ? 'bad' : 'warning',
		text: `${inGpus(capped)} slowed by power`,
		evidence: `GPU ${first.index} ${figures}${usual}${clocksOf(first)}`,
		fix: first.brake
			? 'The power supply cannot give more: check its cables and load'
			: first.lowered
				? `Its limit was lowered; to undo that: sudo nvidia-smi -i ${first.index} -pl ${Math.round(first.powerDefault ?? 0)}`
				: 'Its power limit is too low for this load, or its cooling raises what it draws: nvidia-smi -q -d POWER,CLOCK',
	};
}

/** Boards with several cards give each half of its lanes, which costs little. */
const narrowShare = 0.25;

/** Only under load: an idle link may save power. */
function narrowPcie({cards}: BoxEvidence): Verdict | undefined {
	const narrow = cards.filter(({samples, pcieWidthMax}) => {
		const width = summaryOf(samples, 'pcieWidth');
		return (
			width !== undefined && pcieWidthMax !== null && width.most <= pcieWidthMax * narrowShare && isComputing(samples)
		);
	});
	const [first] = narrow;
	const width = first && summaryOf(first.samples, 'pcieWidth')?.most;
	return first === undefined
		? undefined
		: {
				code: 'pcie',
				severity: 'warning',
				text: `${inGpus(narrow)} on PCIe x${width}`,
				evidence: `GPU ${first.index} has x${width} of x${first.pcieWidthMax} while it computes: copies to it take ${Math.round((first.pcieWidthMax ?? 0) / (width ?? 1))} times as long`,
				fix: 'Check its slot, its riser cable and how the board shares lanes: nvidia-smi -q -d PCIE',
			};
}

/** Kernels that wait count as load, and draw little. Idle cards draw about a tenth of their limit. */
const hardlyAnyPower = 0.3;

function stalled({cards}: BoxEvidence): Verdict | undefined {
	const waiting = cards.flatMap((card) => {
		const load = card.sliced ? undefined : summaryOf(card.samples, 'utilization');
		const draw = summaryOf(card.samples, 'powerDraw');
		const limit = card.samples.at(-1)?.powerLimit ?? null;
		const waits =
			load !== undefined &&
			load.mean >= 97 &&
			draw !== undefined &&
			limit !== null &&
			draw.most < limit * hardlyAnyPower;
		return waits ? [{index: card.index, load: load.mean, draw: draw.mean, limit}] : [];
	});
	const [first] = waiting;
	return first === undefined
		? undefined
		: {
				code: 'stalled',
				severity: 'warning',
				text: `${inGpus(waiting)} busy without power`,
				evidence: `GPU ${first.index} shows ${percent(first.load)} and draws ${Math.round(first.draw)} of ${Math.round(first.limit)} W`,
				fix: 'Its kernels wait: for other processes (a collective operation that one of them never reached), or they are many and tiny',
			};
}

/** So often a minute the load has to go up from its lower to its upper third. */
const leastSwings = 4;

/** How often the values rise from the lower third of their range to the upper one. */
export function swingsOf(values: readonly number[]): number {
	const least = Math.min(...values);
	const range = Math.max(...values) - least;
	let low = false;
	let swings = 0;
	for (const value of values) {
		const place = range === 0 ? 0 : (value - least) / range;
		if (place <= 1 / 3) {
			low = true;
		} else if (place >= 2 / 3 && low) {
			low = false;
			swings += 1;
		}
	}

	return swings;
}

/** Cards whose load goes up and down as one that waits for its next batch does. */
export function sawtoothCards({cards}: Pick<BoxEvidence, 'cards'>): CardEvidence[] {
	return cards.filter((card) => {
		const load = card.sliced ? undefined : summaryOf(card.samples, 'utilization');
		return (
			load !== undefined &&
			load.mean >= 5 &&
			load.mean <= 60 &&
			load.most - load.least >= 30 &&
			swingsOf(load.values) >= leastSwings
		);
	});
}

/** Its CPUs are busy, or exactly one of them is: a loader without workers. */
function waitsForData(box: BoxEvidence): Verdict | undefined {
	const {cpu} = box;
	const [first, ...others] = cpu === null || box.shared ? [] : sawtoothCards(box);
	if (first === undefined || cpu === null) {
		return undefined;
	}

	const all = cpu.busy >= cpu.available * 0.8;
	const one = cpu.busy >= 0.85 && cpu.busy <= 1.2;
	const load = summaryOf(first.samples, 'utilization');
	return load === undefined || (!all && !one)
		? undefined
		: {
				code: 'waits-for-data',
				severity: 'warning',
				text: `${inGpus([first, ...others])} ${others.length === 0 ? 'waits' : 'wait'} for data`,
				evidence: `GPU ${first.index} goes up and down between ${percent(load.least)} and ${percent(load.most)}, ${percent(load.mean)} on average, while ${cpu.busy.toFixed(1)} of ${Math.round(cpu.available)} CPUs are busy`,
				fix: all
					? 'Its data loader cannot keep up: prepare the data beforehand, or give the box more CPUs'
					: 'One CPU prepares the data: give the data loader more workers (num_workers in PyTorch)',
			};
}

const nearlyFull = 0.97;

function memoryFull({cards}: BoxEvidence): Verdict | undefined {
	const full = cards.flatMap((card) => {
		const used = card.sliced ? undefined : summaryOf(card.samples, 'memoryUsedMiB');
		const total = card.samples.at(-1)?.memoryTotalMiB ?? null;
		return used !== undefined && total !== null && used.mean >= total * nearlyFull
			? [{index: card.index, used: used.mean, total}]
			: [];
	});
	const [first] = full;
	return first === undefined
		? undefined
		: {
				code: 'memory-full',
				severity: 'warning',
				text: `${inGpus(full)} memory nearly full`,
				evidence: `GPU ${first.index} has ${gib(first.used)} of ${gib(first.total)} GiB in use`,
				fix: 'The next allocation may fail: a smaller batch, or activation checkpointing, leaves room',
			};
}

function percent(value: number): string {
	return `${Math.round(value)} %`;
}

/** MiB in GiB. */
function gib(mebibytes: number): string {
	return (mebibytes / 1024).toFixed(1);
}
