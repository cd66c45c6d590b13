import type {GpuFrame} from '../gpu.ts';

/** The last readings of the utilisation of every GPU, for sparklines. Holds `length` readings per GPU, whatever comes. */
export class UtilizationHistory {
	readonly #length: number;
	// A sample is missing for a lost card: its line goes on with gaps, so that all lines cover the same time.
	readonly #rings = new Map<string, (number | null)[]>();
	#next = 0;

	constructor(length: number) {
		this.#length = length;
	}

	/** Takes over the readings of one tick. */
	add(frame: GpuFrame): void {
		for (const {uuid} of frame.samples) {
			if (!this.#rings.has(uuid)) {
				this.#rings.set(
					uuid,
					Array.from({length: this.#length}, () => null),
				);
			}
		}

		const readings = new Map(frame.samples.map(({uuid, utilization}) => [uuid, utilization]));
		for (const [uuid, ring] of this.#rings) {
			ring[this.#next] = readings.get(uuid) ?? null;
		}

		this.#next = (this.#next + 1) % this.#length;
	}

	/** Percent, oldest first, always `length` long; `null` where there was no reading. */
	of(uuid: string): (number | null)[] {
		const ring = this.#rings.get(uuid);
		return ring
			? [...ring.slice(this.#next), ...ring.slice(0, this.#next)]
			: Array.from({length: this.#length}, () => null);
	}
}
