/**
What each figure of a card can be. Now and then a driver hands through a counter that is uninitialised, unsigned or in another unit
(a utilization of 808334905 %). A reading that cannot be is no reading. Every figure from nvidia-smi goes through here.
*/

/** Both ends are possible. */
type Range = {least: number; most: number};

const percent: Range = {least: 0, most: 100};
/** MiB. A hundred times the largest card. */
const memory: Range = {least: 0, most: 32 * 1024 * 1024};
/** °C. Cards switch off at about 110. */
const temperature: Range = {least: -50, most: 150};
/** Watts. The largest boards take 1400. */
const power: Range = {least: 0, most: 5000};
/** MHz. GDDR7 is reported with 14000. */
const clock: Range = {least: 0, most: 50_000};

const lanes: Range = {least: 1, most: 32};

const ranges = {
	'utilization.gpu': percent,
	'utilization.memory': percent,
	'memory.total': {...memory, least: 1},
	'memory.used': memory,
	used_gpu_memory: memory,
	'temperature.gpu': temperature,
	'power.draw': power,
	'power.draw.instant': power,
	'power.limit': {...power, least: 1},
	'power.default_limit': {...power, least: 1},
	'enforced.power.limit': {...power, least: 1},
	'clocks.current.sm': clock,
	'clocks.current.memory': clock,
	'clocks.max.sm': {...clock, least: 1},
	'pcie.link.width.current': lanes,
	'pcie.link.width.max': lanes,
	// Percent of the intended speed, which some fans exceed.
	'fan.speed': {least: 0, most: 250},
} as const satisfies Record<string, Range>;

export type FigureName = keyof typeof ranges;

/**
The figure in a cell, in the unit that nvidia-smi uses for the field; `null` for a cell that is not a plain number (`[N/A]`, `N/A`,
`[Not Supported]`, `[Unknown Error]`, `[GPU requires reset]`, `-`, nothing at all), and for a number that cannot be. Never 0 for
what is not known.
*/
export function figureOf(field: FigureName, cell: string | undefined): number | null {
	if (cell === undefined || !/^-?\d+(?:\.\d+)?$/.test(cell)) {
		return null;
	}

	const value = Number(cell);
	const {least, most} = ranges[field];
	return value >= least && value <= most ? value : null;
}

/** Memory in use of a card with so much in total, both in MiB: `null` when it is more than there is. */
export function usedOf(used: number | null, total: number | null): number | null {
	return used !== null && total !== null && used > total ? null : used;
}

/** A performance state, P0 to P15. */
export function performanceStateOf(cell: string | undefined): string | null {
	return cell !== undefined && /^P(?:\d|1[0-5])$/.test(cell) ? cell : null;
}

/** e.g. `9.0`; the first cards with CUDA had 1.0. */
export function computeCapabilityOf(cell: string | undefined): string | null {
	return cell !== undefined && /^[1-9]\d?\.\d$/.test(cell) ? cell : null;
}
