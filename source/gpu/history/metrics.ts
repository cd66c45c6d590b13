/** What is kept of every reading, and how finely. */
import type {GpuSample} from '../gpu.ts';

/** Their order is that of the figures in a file; further ones only at the end. */
export const metrics = [
	'utilization',
	'memoryUsedMiB',
	'memoryUtilization',
	'powerDraw',
	'temperature',
	'clockSm',
	'throttleReasons',
] as const;

export type Metric = (typeof metrics)[number];

/** Figures in the order of {@link metrics}; null where the driver did not say. */
export type Figures = ReadonlyArray<number | null>;

export function figuresOf(sample: GpuSample): Figures {
	return metrics.map((metric) => sample[metric] ?? null);
}

/** How finely readings are kept, and for how long: the finest first. Each is a mean over so many seconds. */
export const tiers = [
	{seconds: 1, length: 300},
	{seconds: 10, length: 360},
	{seconds: 120, length: 720},
] as const;

export type TierSeconds = (typeof tiers)[number]['seconds'];

/** The longest time that is kept, in milliseconds. */
export const longestMs = Math.max(...tiers.map(({seconds, length}) => seconds * length * 1000));
