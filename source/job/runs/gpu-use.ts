import type {GpuSample} from '../../gpu/gpu.ts';
import type {GpuUse, RunRecord} from './record.ts';

type Reading = Pick<GpuSample, 'uuid' | 'memoryUsedMiB' | 'utilization'>;

/** Adds one reading of the cards to what was seen before. Cards of others are left out. Pure. */
export function addReadings(use: readonly GpuUse[], readings: readonly Reading[]): GpuUse[] {
	return use.map((card) => {
		const reading = readings.find(({uuid}) => uuid === card.uuid);
		return reading === undefined
			? card
			: {
					uuid: card.uuid,
					peakMemoryMiB: highest(card.peakMemoryMiB, reading.memoryUsedMiB),
					// A card that reports it only now and then has no mean.
					utilizationSum:
						reading.utilization === null || (card.utilizationSum === null && card.samples > 0)
							? null
							: (card.utilizationSum ?? 0) + reading.utilization,
					samples: card.samples + 1,
				};
	});
}

function highest(a: number | null, b: number | null): number | null {
	return a === null ? b : b === null ? a : Math.max(a, b);
}

/** Below that a card is idle: the driver itself takes some. */
const idle = {memoryMiB: 600, utilization: 1};

/** Readings before anything is said: data may have to be loaded first. */
const leastSamples = 12;

/** Whether a job has several cards and computes on a single one. Undefined while it is too early to say. Pure. */
export function usesOneOfSeveral(use: readonly GpuUse[]): boolean | undefined {
	if (use.length < 2) {
		return false;
	}

	if (use.some(({samples, utilizationSum}) => samples < leastSamples || utilizationSum === null)) {
		return undefined;
	}

	const busy = use.filter(
		({utilizationSum, samples, peakMemoryMiB}) =>
			(utilizationSum ?? 0) / samples > idle.utilization || (peakMemoryMiB ?? 0) > idle.memoryMiB,
	);
	return busy.length === 1;
}

/** What the use of its cards says that the user could do better; undefined where it says nothing. Pure. */
export function adviceOf({use, processes}: Pick<RunRecord, 'use' | 'processes'>): string | undefined {
	return processes === null && usesOneOfSeveral(use) === true
		? `The job has ${use.length} GPUs and uses one of them. To use all: gpubox run --nproc auto, which starts it with torchrun`
		: undefined;
}
