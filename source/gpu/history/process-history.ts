/** Who ran what on the cards, and when. */

/** A process on a card over the time in which the driver listed it. Names are safe to print. */
export type ProcessSpan = {
	uuid: string;
	pid: number;
	name: string | null;
	user: string | null;
	box: string | null;
	/** The most that it used. */
	usedMemoryMiB: number | null;
	/** Milliseconds since 1970. */
	fromMs: number;
	toMs: number;
};

export type SeenProcess = Omit<ProcessSpan, 'uuid' | 'fromMs' | 'toMs'> & {gpuUuid: string};

/** Between two lists of processes there may be so much time, and it still counts as the same process. */
const gapMs = 30_000;

/** That are kept: a day of a host on which a process starts every half a minute. */
const mostSpans = 3000;

/** Every process that computed on a card within the last day, at most {@link mostSpans}. */
export class ProcessHistory {
	#spans: ProcessSpan[] = [];

	/**
	Takes over the list of all processes at a moment.

	@param betweenMs how far apart two lists may be that have the same process
	*/
	add(processes: readonly SeenProcess[], atMs: number, longestMs: number, betweenMs: number = gapMs): void {
		for (const {gpuUuid, pid, name, user, box, usedMemoryMiB} of processes) {
			const known = this.#spans.findLast(
				(span) => span.pid === pid && span.uuid === gpuUuid && span.name === name && within(atMs, span.toMs, betweenMs),
			);
			if (known === undefined) {
				this.#spans.push({uuid: gpuUuid, pid, name, user, box, usedMemoryMiB, fromMs: atMs, toMs: atMs});
			} else {
				known.toMs = Math.max(known.toMs, atMs);
				// Whose it is may be learnt later, and is not forgotten.
				known.user = user ?? known.user;
				known.box = box ?? known.box;
				known.usedMemoryMiB = larger(known.usedMemoryMiB, usedMemoryMiB);
			}
		}

		this.#forget(atMs - longestMs);
	}

	/** Takes over what was kept elsewhere; a span of the same process that touches it becomes one with it. */
	fill(span: ProcessSpan): void {
		const known = this.#spans.find(
			(each) =>
				each.pid === span.pid &&
				each.uuid === span.uuid &&
				each.name === span.name &&
				each.fromMs <= span.toMs + gapMs &&
				span.fromMs <= each.toMs + gapMs,
		);
		if (known === undefined) {
			this.#spans.push({...span});
		} else {
			known.fromMs = Math.min(known.fromMs, span.fromMs);
			known.toMs = Math.max(known.toMs, span.toMs);
			known.user ??= span.user;
			known.box ??= span.box;
			known.usedMemoryMiB = larger(known.usedMemoryMiB, span.usedMemoryMiB);
		}

		this.#keepNewest();
	}

	/** What ran on a card at a moment, the largest first. @param slackMs how far from its time a process still counts */
	at(uuid: string, atMs: number, slackMs: number): ProcessSpan[] {
		return this.#spans
			.filter((span) => span.uuid === uuid && span.fromMs - slackMs <= atMs && atMs <= span.toMs + slackMs)
			.sort((one, other) => (other.usedMemoryMiB ?? 0) - (one.usedMemoryMiB ?? 0));
	}

	/** When a process that runs was first seen; undefined for one that was not seen yet. Milliseconds since 1970. */
	startOf(uuid: string, {pid, name}: Pick<ProcessSpan, 'pid' | 'name'>): number | undefined {
		return this.#spans.findLast((span) => span.uuid === uuid && span.pid === pid && span.name === name)?.fromMs;
	}

	/** Those that ran at that moment or later. */
	since(sinceMs: number): ProcessSpan[] {
		return this.#spans.filter(({toMs}) => toMs >= sinceMs);
	}

	#forget(beforeMs: number): void {
		this.#spans = this.#spans.filter(({toMs}) => toMs >= beforeMs);
		this.#keepNewest();
	}

	#keepNewest(): void {
		// What another session or a file had may come after what is newer.
		while (this.#spans.length > mostSpans) {
			const oldest = this.#spans.reduce(
				(least, {toMs}, place, all) => (toMs < (all[least]?.toMs ?? 0) ? place : least),
				0,
			);
			this.#spans.splice(oldest, 1);
		}
	}
}

function within(one: number, other: number, most: number): boolean {
	return Math.abs(one - other) <= most;
}

function larger(one: number | null, other: number | null): number | null {
	return one === null ? other : other === null ? one : Math.max(one, other);
}
