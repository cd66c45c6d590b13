/** What one card reported at one moment. What it does not report is null. */
export type CardSample = {
	/** Percent. */
	utilization: number | null;
	/** MiB. */
	memoryUsedMiB: number | null;
	memoryTotalMiB: number | null;
	/** Watts. */
	powerDraw: number | null;
	powerLimit: number | null;
	/** °C. */
	temperature: number | null;
	/** MHz. */
	clockSm: number | null;
	/** Why the clocks are lower than they could be, as NVML's bits. */
	throttleReasons: number | null;
	/** Lanes of its PCIe link. */
	pcieWidth: number | null;
	/** Processes that the driver lists on it; null when it did not answer that question. */
	processes: number | null;
};

/** Seconds that are looked at together. */
export const windowLength = 60;

/** After such a gap what came before says nothing about now. */
const longestGapMs = 5000;
/** Readings that come faster are left out. */
const shortestGapMs = 700;

/** The last minute of one card; holds no more, whatever comes. */
export class CardWindow {
	#samples: CardSample[] = [];
	#last = Number.NEGATIVE_INFINITY;

	/** @param atMs by a clock that only goes forward */
	add(sample: CardSample, atMs: number): void {
		const gap = atMs - this.#last;
		if (gap < shortestGapMs) {
			return;
		}

		this.#last = atMs;
		const kept = gap > longestGapMs ? [] : this.#samples;
		this.#samples = [...kept.slice(-(windowLength - 1)), sample];
	}

	/** The oldest first. */
	get samples(): readonly CardSample[] {
		return this.#samples;
	}
}
