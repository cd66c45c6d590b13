import type {Load, ScenarioGpu} from './scenario.ts';

/** Between 0 and 1, always the same for the same numbers. */
function noise(seed: number, step: number): number {
	let hash = Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(step + 1, 0x85ebca6b);
	hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
	hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
	return ((hash ^ (hash >>> 15)) >>> 0) / 0x1_0000_0000;
}

function clamp(value: number, low: number, high: number): number {
	return Math.min(high, Math.max(low, value));
}

function rawUtilization(load: Load, seed: number, seconds: number): number {
	const jitter = noise(seed, Math.floor(seconds)) - 0.5;
	switch (load.kind) {
		case 'idle':
			return 0;
		case 'constant':
			return load.utilization;
		case 'wave': {
			const turn = Math.sin((2 * Math.PI * seconds) / load.periodSeconds);
			return load.low + (load.high - load.low) * (0.5 + 0.5 * turn) + 4 * jitter;
		}

		case 'training': {
			// Not shifted from card to card: one training keeps all of its cards in step.
			const since = seconds + load.offsetSeconds;
			const into = ((since % load.epochSeconds) + load.epochSeconds) % load.epochSeconds;
			// The last tenth of an epoch: evaluation, then a checkpoint is written and the card waits for the disk.
			const left = (load.epochSeconds - into) / load.epochSeconds;
			const level = left < 0.04 ? 0.08 : left < 0.1 ? 0.55 : 1;
			return load.utilization * level + 5 * jitter;
		}

		case 'serving': {
			// Requests come and go: from one level to the next, with a short lull now and then.
			const at = seconds / load.periodSeconds;
			const step = Math.floor(at);
			const level = (place: number) => {
				const share = noise(seed + 70, place);
				return share < 0.12 ? 0 : 0.25 + 0.75 * share;
			};

			const share = level(step) + (level(step + 1) - level(step)) * (at - step);
			return load.low + (load.high - load.low) * share + 8 * jitter;
		}

		case 'spiky': {
			const burst = Math.floor(seconds / load.periodSeconds);
			const into = seconds / load.periodSeconds - burst;
			const height = load.high * (0.5 + 0.5 * noise(seed, burst));
			return into < 0.12 + 0.25 * noise(seed + 50, burst) ? height + 12 * jitter : 0;
		}
	}
}

/** Percent, a whole number. */
export function utilizationAt(gpu: ScenarioGpu, seconds: number): number {
	if (gpu.idleAfterSeconds !== undefined && seconds >= gpu.idleAfterSeconds) {
		return 0;
	}

	return Math.round(clamp(rawUtilization(gpu.load, gpu.index, seconds), 0, 100));
}

/** How busy the card was over the time before, 0 to 1: metal warms slowly. */
function warmthAt(gpu: ScenarioGpu, seconds: number): number {
	let sum = 0;
	for (let back = 0; back < 30; back += 3) {
		sum += utilizationAt(gpu, seconds - back);
	}

	return sum / 1000;
}

/** °C at which the driver lowers the clocks. */
const tooHot = 87;

/** How far it got too hot, 0 to 1. */
function heatAt({hotAfterSeconds}: ScenarioGpu, seconds: number): number {
	return hotAfterSeconds === undefined ? 0 : clamp((seconds - hotAfterSeconds) / 20, 0, 1);
}

/** Whether the driver lowers its clocks because of its temperature. */
export function isTooHot(gpu: ScenarioGpu, seconds: number): boolean {
	return heatAt(gpu, seconds) > 0.5;
}

/** °C, a whole number. */
export function temperatureAt(gpu: ScenarioGpu, seconds: number): number {
	const {idle, busy} = gpu.temperature;
	const usual = idle + (busy - idle) * warmthAt(gpu, seconds);
	const heated = usual + Math.max(0, tooHot - usual) * heatAt(gpu, seconds);
	return Math.round(heated + noise(gpu.index + 20, Math.floor(seconds / 5)));
}

/** Watts. */
export function powerAt(gpu: ScenarioGpu, seconds: number): number {
	const {idle, limit} = gpu.power;
	const most = (limit ?? idle * 15) * 0.93;
	const jitter = noise(gpu.index + 40, Math.floor(seconds)) - 0.5;
	const slowed = 1 - 0.35 * heatAt(gpu, seconds);
	const watts = idle + ((most - idle) * slowed * utilizationAt(gpu, seconds)) / 100 + idle * 0.05 * jitter;
	return clamp(watts, 0, limit ?? Number.POSITIVE_INFINITY);
}

/** Percent of the fan's speed. */
export function fanAt(gpu: ScenarioGpu, seconds: number): number {
	return Math.round(30 + 60 * warmthAt(gpu, seconds));
}

/** MHz. */
export function smClockAt(gpu: ScenarioGpu, seconds: number): number {
	const {limit, default: usual = limit} = gpu.power;
	// Less power gives less than proportionally lower clocks.
	const capped = limit === null || usual == null ? 1 : Math.sqrt(Math.min(1, limit / usual));
	const busy = (1 - 0.08 * warmthAt(gpu, seconds)) * capped * (1 - 0.42 * heatAt(gpu, seconds));
	const share = utilizationAt(gpu, seconds) === 0 ? 0.11 : busy;
	return Math.round((gpu.clocks.sm * share) / 15) * 15;
}

/** MiB in use: the card's own share and what processes hold. */
export function memoryAt(gpu: ScenarioGpu, processesMiB: number): number | null {
	const total = gpu.memoryTotalMiB;
	return total === null ? null : Math.round(clamp(gpu.memoryUsedMiB + processesMiB, 0, total));
}
