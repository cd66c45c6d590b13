/** When it is worth asking the driver for the processes again: each time a program is started, which takes as long as ten frames. Pure. */
import type {Facts} from '../model.ts';

/** What was known when the driver was asked. */
export type GroundsToAsk = {
	/** MiB used of each card, by UUID. */
	memory: ReadonlyMap<string, number | null>;
	/** Processes are named after these. */
	boxes: Facts['box']['boxes'];
	inventory: Facts['gpu']['inventory'];
};

/** No process computes with less, and the driver's own use of a card varies by a few MiB. */
const leastMiB = 16;

export function groundsOf({box, gpu}: Pick<Facts, 'box' | 'gpu'>): GroundsToAsk {
	return {
		memory: new Map(gpu.readings.map(({uuid, memoryUsedMiB}) => [uuid, memoryUsedMiB])),
		boxes: box.boxes,
		inventory: gpu.inventory,
	};
}

/** Whether a process that started or ended in between would show; memory that the driver does not report shows none. */
export function mayShowProcesses(before: GroundsToAsk, now: GroundsToAsk): boolean {
	if (now.boxes !== before.boxes || now.inventory !== before.inventory || now.memory.size !== before.memory.size) {
		return true;
	}

	return [...now.memory].some(([uuid, used]) => {
		const usedBefore = before.memory.get(uuid) ?? null;
		return used === null || usedBefore === null || Math.abs(used - usedBefore) >= leastMiB;
	});
}
