import {heed} from '../../../base/abortable.ts';
import {createBackoff} from '../../../base/backoff.ts';
import {type Box, containerPrefix, label} from '../../../box/box.ts';
import {listBoxes} from '../../../box/list.ts';
import type {EngineEvent} from '../../../engine/engine.ts';
import type {Host} from '../../../host/host.ts';
import {formatDuration} from '../../../text/duration.ts';
import {type BoxState, problemOf} from '../model.ts';
import {type SessionStore, withFacts} from '../store.ts';
import {createWaker, type Waker} from '../waker.ts';
import {throttleRuns} from './relist.ts';

/** Milliseconds. */
export type BoxTiming = {
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

const usual: BoxTiming = {
	relistMs: 400,
	askMs: 5000,
	lateMs: 5000,
	giveUpMs: 12_000,
	retryMs: 1000,
	longestRetryMs: 5000,
	tickMs: 1000,
};

/** Things that happen to a container without changing what the list shows, such as every health check. */
const ofNoInterest = /^(exec_|top|attach|resize|copy|archive-path|extract-to-dir|export|commit)/;

function concernsBoxes(event: EngineEvent): boolean {
	return (
		event.type === 'container' &&
		!ofNoInterest.test(event.action) &&
		(event.attributes[label.name] !== undefined || (event.attributes.name ?? '').startsWith(containerPrefix))
	);
}

/** The engine took too long. */
class Late extends Error {}

const retrying = 'It is being asked again. What is wrong with it: gpubox doctor';

/** What is known of the list. Times are those of `performance.now()`. */
type Following = {
	host: Host;
	store: SessionStore;
	timing: BoxTiming;
	backoff: ReturnType<typeof createBackoff>;
	/** When the first question was asked that got no answer. */
	askedAt: number | undefined;
	/** When the last list came. */
	listedAt: number | undefined;
	/** The last list, as text. */
	listed: string;
};

/**
Keeps the list of boxes current: every event leads to one list, never two at a time. When the engine goes away or does not answer,
the last known boxes stay beside the reason and their age, and on its return everything is listed again. Settles when the signal is
aborted.

@param options.waker to be woken when there is reason to think that the engine is back
*/
export async function followBoxes(
	host: Host,
	store: SessionStore,
	signal: AbortSignal,
	options: Partial<BoxTiming> & {waker?: Waker} = {},
): Promise<void> {
	const {waker = createWaker(), ...given} = options;
	const timing = {...usual, ...given};
	const backoff = createBackoff({firstMs: timing.retryMs, longestMs: timing.longestRetryMs});
	const following: Following = {host, store, timing, backoff, askedAt: undefined, listedAt: undefined, listed: ''};
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
					const problem = problemOf(error, host.engine.address);
					change(store, () => ({phase: 'no-engine', problem}));
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
async function attend(following: Following, signal: AbortSignal): Promise<void> {
	const {host, timing} = following;
	const events = host.engine.events({signal, types: ['container']})[Symbol.asyncIterator]();
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

			if (concernsBoxes(item.value)) {
				request();
			}

			next = events.next();
			next.catch(() => {});
		}
	} finally {
		clearInterval(beat);
	}
}

async function list(following: Following, signal: AbortSignal, isFirst: boolean): Promise<void> {
	const late = new AbortController();
	const timer = setTimeout(() => late.abort(new Late()), following.timing.giveUpMs);
	const listSignal = AbortSignal.any([signal, late.signal]);
	following.askedAt ??= performance.now();
	try {
		const boxes = await heed(listBoxes(following.host, listSignal), listSignal);
		takeIn(following, boxes, isFirst);
	} finally {
		clearTimeout(timer);
	}
}

function takeIn(following: Following, boxes: Box[], isFirst: boolean): void {
	const {store, backoff, listed} = following;
	following.askedAt = undefined;
	following.listedAt = performance.now();
	following.listed = JSON.stringify(boxes);
	backoff.reset();
	// Most lists are the same as the one before: then there is nothing to draw.
	if (isFirst || following.listed !== listed || store.get().facts.box.phase !== 'live') {
		change(store, ({connection}) => ({
			phase: 'live',
			boxes,
			problem: undefined,
			age: undefined,
			connection: connection + (isFirst ? 1 : 0),
		}));
	}
}

/** Shows how long there has been no answer, and how old the list is. To be called once a tick. */
function createAgeTicker(following: Following): () => void {
	const {store, timing} = following;
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
			change(store, () => ({
				phase: 'late',
				problem: {message: `No answer from the engine for ${late}`, fix: retrying},
				age,
			}));
		} else if (store.get().facts.box.phase === 'no-engine') {
			change(store, () => ({age}));
		}
	};
}

function change(store: SessionStore, update: (box: BoxState) => Partial<BoxState>): void {
	store.change(withFacts(({box}) => ({box: {...box, ...update(box)}})));
}

/** `12 s`, `3m`, `2h 5m` */
function ageInWords(milliseconds: number): string {
	const seconds = Math.floor(milliseconds / 1000);
	return seconds < 60 ? `${seconds} s` : formatDuration(milliseconds);
}
