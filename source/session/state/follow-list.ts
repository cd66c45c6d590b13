import {heed} from '../../base/abortable.ts';
import {createBackoff} from '../../base/backoff.ts';
import type {Diagnostic} from '../../base/failure.ts';
import type {Engine, EngineEvent} from '../../engine/engine.ts';
import {formatDuration} from '../../text/duration.ts';
import {problemOf} from './model.ts';
import type {ListPhase} from './phase.ts';
import {throttleRuns} from './relist.ts';
import {createWaker, type Waker} from './waker.ts';

/** Milliseconds. */
export type ListTiming = {
	/** Between the starts of two lists, however many events come. */
	relistMs: number;
	/** Without an event the engine is asked anyway: a stopped one is silent, and nothing else shows it. */
	askMs: number;
	/** A list that takes longer than this is shown as late. */
	lateMs: number;
	/** After this it is aborted and asked for again, on another connection. */
	giveUpMs: number;
	/** The wait before the first new attempt; doubled for each further one in a row. */
	retryMs: number;
	longestRetryMs: number;
	/** How often an age on the screen is updated. */
	tickMs: number;
};

const usual: ListTiming = {
	relistMs: 400,
	askMs: 5000,
	lateMs: 5000,
	giveUpMs: 12_000,
	retryMs: 1000,
	longestRetryMs: 5000,
	tickMs: 1000,
};

/** What has become of the list. What is missing stays as it was. */
type ListNews<Item> = {
	phase?: ListPhase;
	/** With these the list is live again. */
	items?: Item[];
	problem?: Diagnostic | undefined;
	/** How old the items are, in words; undefined while they are live. */
	age?: string | undefined;
	/** The engine was reached again: what was open before is broken. */
	reached?: true;
};

export type ListSource<Item> = {
	engine: Engine;
	list: (signal: AbortSignal) => Promise<Item[]>;
	/** Whether a container's event may change the list. */
	concerns: (event: EngineEvent) => boolean;
	/** The phase that is shown now. */
	phase: () => ListPhase | undefined;
	tell: (news: ListNews<Item>) => void;
};

/** Things that happen to a container without changing what a list shows, such as every health check. */
const ofNoInterest = /^(exec_|top|attach|resize|copy|archive-path|extract-to-dir|export|commit)/;

/** The engine took too long. */
class Late extends Error {}

const retrying = 'It is being asked again. What is wrong with it: gpubox doctor';

/** What is known of the list. Times are those of `performance.now()`. */
type Following<Item> = {
	source: ListSource<Item>;
	timing: ListTiming;
	backoff: ReturnType<typeof createBackoff>;
	/** When the first question was asked that got no answer. */
	askedAt: number | undefined;
	/** When the last list came. */
	listedAt: number | undefined;
	/** The last list, as text. */
	listed: string;
};

/**
Keeps a list of containers current: every event leads to one list, never two at a time. When the engine goes away or does not answer,
the last known items stay beside the reason and their age, and on its return everything is listed again. Settles when the signal is
aborted.

@param options.waker to be woken when there is reason to think that the engine is back
*/
export async function followList<Item>(
	source: ListSource<Item>,
	signal: AbortSignal,
	options: Partial<ListTiming> & {waker?: Waker} = {},
): Promise<void> {
	const {waker = createWaker(), ...given} = options;
	const timing = {...usual, ...given};
	const backoff = createBackoff({firstMs: timing.retryMs, longestMs: timing.longestRetryMs});
	const following: Following<Item> = {
		source,
		timing,
		backoff,
		askedAt: undefined,
		// What is shown already was listed a moment ago, by the caller.
		listedAt: source.phase() === 'live' ? performance.now() : undefined,
		listed: '',
	};
	const ticker = setInterval(createAgeTicker(following), timing.tickMs);
	try {
		while (!signal.aborted) {
			const connection = new AbortController();
			const connectionSignal = AbortSignal.any([signal, connection.signal]);
			try {
				await attend(following, connectionSignal);
			} catch (error) {
				// That it has not answered is shown with its age by the ticker.
				if (!signal.aborted && !(error instanceof Late)) {
					following.askedAt = undefined;
					source.tell({phase: 'no-engine', problem: problemOf(error, source.engine.address)});
				}
			} finally {
				connection.abort();
			}

			await waker.wait(backoff.next(), signal);
		}
	} finally {
		clearInterval(ticker);
	}
}

/** Lists on one connection, first at once and then for every event. Ends, or rejects, when the connection is of no more use. */
async function attend<Item>(following: Following<Item>, signal: AbortSignal): Promise<void> {
	const {source, timing} = following;
	const events = source.engine.events({signal, types: ['container']})[Symbol.asyncIterator]();
	// Asked for before the list, so that nothing that happens in between is missed.
	let next = events.next();
	next.catch(() => {});
	await list(following, signal, true);
	const broken = Promise.withResolvers<never>();
	broken.promise.catch(() => {});
	const request = throttleRuns(() => list(following, signal, false), {
		intervalMs: timing.relistMs,
		signal,
		onError: (error) => broken.reject(error),
	});
	const beat = setInterval(request, timing.askMs);
	try {
		for (;;) {
			const item = await heed(Promise.race([next, broken.promise]), signal);
			if (item.done === true) {
				return;
			}

			const {type, action} = item.value;
			if (type === 'container' && !ofNoInterest.test(action) && source.concerns(item.value)) {
				request();
			}

			next = events.next();
			next.catch(() => {});
		}
	} finally {
		clearInterval(beat);
	}
}

async function list<Item>(following: Following<Item>, signal: AbortSignal, isFirst: boolean): Promise<void> {
	const late = new AbortController();
	const timer = setTimeout(() => late.abort(new Late()), following.timing.giveUpMs);
	const listSignal = AbortSignal.any([signal, late.signal]);
	following.askedAt ??= performance.now();
	try {
		const items = await heed(following.source.list(listSignal), listSignal);
		takeIn(following, items, isFirst);
	} finally {
		clearTimeout(timer);
	}
}

function takeIn<Item>(following: Following<Item>, items: Item[], isFirst: boolean): void {
	const {source, backoff, listed} = following;
	following.askedAt = undefined;
	following.listedAt = performance.now();
	following.listed = JSON.stringify(items);
	backoff.reset();
	// Most lists are the same as the one before: then there is nothing to draw.
	if (isFirst || following.listed !== listed || source.phase() !== 'live') {
		source.tell({
			phase: 'live',
			items,
			problem: undefined,
			age: undefined,
			...(isFirst ? {reached: true} : {}),
		});
	}
}

/** Shows how long there has been no answer, and how old the list is. To be called once a tick. */
function createAgeTicker<Item>(following: Following<Item>): () => void {
	const {source, timing} = following;
	const {lateMs, tickMs} = timing;
	let before = performance.now();
	let shown = '';
	return () => {
		const now = performance.now();
		const stoodStill = now - before - tickMs;
		before = now;
		// The time in which gpubox itself was stopped does not count.
		if (stoodStill > 2 * tickMs && following.askedAt !== undefined) {
			following.askedAt += stoodStill;
		}

		const words = (since: number | undefined) =>
			since === undefined || now - since < lateMs ? undefined : ageInWords(now - since);
		const late = words(following.askedAt);
		const age = words(following.listedAt);
		const text = `${late} ${age}`;
		if (text === shown) {
			return;
		}

		shown = text;
		if (late !== undefined) {
			source.tell({
				phase: 'late',
				problem: {message: `No answer from the engine for ${late}`, fix: retrying},
				age,
			});
		} else if (source.phase() === 'no-engine') {
			source.tell({age});
		}
	};
}

/** `12 s`, `3m`, `2h 5m` */
function ageInWords(milliseconds: number): string {
	const seconds = Math.floor(milliseconds / 1000);
	return seconds < 60 ? `${seconds} s` : formatDuration(milliseconds);
}
