import type {GpuFrame} from '../gpu.ts';
import {inEqualParts} from './means.ts';
import {type Figures, figuresOf, type Metric, metrics, type TierSeconds, tiers} from './metrics.ts';

/** One card over some seconds. `at` is the number of whole periods since 1970. */
export type Bucket = {uuid: string; seconds: TierSeconds; at: number; figures: Figures};

const width = metrics.length;
const reasonsPlace = metrics.indexOf('throttleReasons');

/** The means of one card over periods of one length. As many periods as fit, the oldest is overwritten. */
class Tier {
	readonly seconds: TierSeconds;
	readonly #length: number;
	/** The period that a place holds; none is negative. */
	readonly #stamps: Float64Array;
	readonly #figures: Float32Array;
	/** The period that is being added to. */
	#open = -1;
	readonly #sums = new Float64Array(width);
	readonly #counts = new Uint32Array(width);

	constructor({seconds, length}: {seconds: TierSeconds; length: number}) {
		this.seconds = seconds;
		this.#length = length;
		this.#stamps = new Float64Array(length).fill(-1);
		this.#figures = new Float32Array(length * width).fill(Number.NaN);
	}

	add(atMs: number, figures: Figures): void {
		const period = Math.floor(atMs / 1000 / this.seconds);
		if (period !== this.#open) {
			this.#open = period;
			this.#sums.fill(0);
			this.#counts.fill(0);
		}

		const mean = figures.map((figure, place) => {
			if (figure !== null) {
				const sum = this.#sums[place] ?? 0;
				// Of reasons every one counts that there was, however short.
				this.#sums[place] = place === reasonsPlace ? sum | figure : sum + figure;
				this.#counts[place] = (this.#counts[place] ?? 0) + 1;
			}

			const count = this.#counts[place] ?? 0;
			const total = this.#sums[place] ?? 0;
			return count === 0 ? null : place === reasonsPlace ? total : total / count;
		});
		this.put(period, mean);
	}

	/** Takes over a whole period, unless a newer one has its place. */
	put(period: number, figures: Figures): void {
		const place = period % this.#length;
		if (period < (this.#stamps[place] ?? -1)) {
			return;
		}

		this.#stamps[place] = period;
		for (let column = 0; column < width; column += 1) {
			this.#figures[place * width + column] = figures[column] ?? Number.NaN;
		}
	}

	has(period: number): boolean {
		return period >= 0 && this.#stamps[period % this.#length] === period;
	}

	figure(period: number, column: number): number | null {
		const value = this.has(period) ? this.#figures[(period % this.#length) * width + column] : undefined;
		return value === undefined || Number.isNaN(value) ? null : value;
	}

	/** The periods that are known, the oldest first, from this one on. */
	since(period: number): number[] {
		return [...this.#stamps].filter((stamp) => stamp >= Math.max(0, period)).sort((one, other) => one - other);
	}
}

/**
What every card did over the last day: by the second for five minutes, by ten seconds for an hour, by two minutes for a day. Holds that
much per card, whatever comes.
*/
export class GpuHistory {
	readonly #cards = new Map<string, Tier[]>();
	#added = 0;

	/** How many readings were added, whatever was filled in from elsewhere. */
	get added(): number {
		return this.#added;
	}

	/** Takes over the readings of one tick. @param atMs milliseconds since 1970 */
	add(frame: GpuFrame, atMs: number): void {
		this.#added += frame.samples.length;
		for (const sample of frame.samples) {
			const figures = figuresOf(sample);
			for (const tier of this.#tiersOf(sample.uuid)) {
				tier.add(atMs, figures);
			}
		}
	}

	/** Takes over what was kept elsewhere, where nothing is known yet. */
	fill({uuid, seconds, at, figures}: Bucket): void {
		const tier = this.#tiersOf(uuid).find((each) => each.seconds === seconds);
		if (tier !== undefined && !tier.has(at)) {
			tier.put(at, figures);
		}
	}

	get uuids(): string[] {
		return [...this.#cards.keys()];
	}

	/** What is known of all cards since some moment, the oldest first. */
	buckets(seconds: TierSeconds, sinceMs: number): Bucket[] {
		return [...this.#cards]
			.flatMap(([uuid, kept]) => {
				const tier = kept.find((each) => each.seconds === seconds);
				return (tier?.since(Math.floor(sinceMs / 1000 / seconds)) ?? []).map((at) => ({
					uuid,
					seconds,
					at,
					figures: metrics.map((_, column) => tier?.figure(at, column) ?? null),
				}));
			})
			.sort((one, other) => one.at - other.at);
	}

	/**
	One figure over the time up to `untilMs`, in equal parts, the oldest first; null where nothing is known. A single period without a
	reading between two others has the figure before it: readings come a little more or less than a second apart.
	*/
	curve(uuid: string, metric: Metric, {seconds, untilMs, points}: CurveOptions): Array<number | null> {
		const tier = this.#cards.get(uuid)?.find((each) => each.seconds === seconds);
		const length = tiers.find((each) => each.seconds === seconds)?.length ?? 0;
		if (tier === undefined || points < 1) {
			return Array.from({length: Math.max(0, points)}, () => null);
		}

		const column = metrics.indexOf(metric);
		const first = Math.floor(untilMs / 1000 / seconds) - length + 1;
		const figures = Array.from({length}, (_, place) => {
			const period = first + place;
			const figure = tier.figure(period, column);
			return figure === null && !tier.has(period) && tier.has(period + 1) ? tier.figure(period - 1, column) : figure;
		});
		return inEqualParts(figures, points);
	}

	/** All figures of a card at a moment, from the finest that reaches back so far; undefined where nothing is known. */
	at(uuid: string, atMs: number): {seconds: TierSeconds; figures: Record<Metric, number | null>} | undefined {
		for (const tier of this.#cards.get(uuid) ?? []) {
			const exact = Math.floor(atMs / 1000 / tier.seconds);
			const period = tier.has(exact) ? exact : exact - 1;
			if (tier.has(period)) {
				const figures = Object.fromEntries(metrics.map((metric, column) => [metric, tier.figure(period, column)]));
				return {seconds: tier.seconds, figures: figures as Record<Metric, number | null>};
			}
		}

		return undefined;
	}

	#tiersOf(uuid: string): Tier[] {
		const known = this.#cards.get(uuid);
		if (known !== undefined) {
			return known;
		}

		const made = tiers.map((tier) => new Tier(tier));
		// A card that came and went again and again under new names would fill the memory.
		if (this.#cards.size >= mostCards) {
			const [oldest] = this.#cards.keys();
			this.#cards.delete(oldest ?? '');
		}

		this.#cards.set(uuid, made);
		return made;
	}
}

export type CurveOptions = {seconds: TierSeconds; untilMs: number; points: number};

const mostCards = 64;
