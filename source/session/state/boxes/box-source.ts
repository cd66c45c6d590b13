import {heed} from '../../../base/abortable.ts';
import {createBackoff} from '../../../base/backoff.ts';
import {type Box, containerPrefix, label} from '../../../box/box.ts';
import {listBoxes} from '../../../box/list.ts';
import type {EngineEvent} from '../../../engine/engine.ts';
import type {Host} from '../../../host/host.ts';
import type {BoxState} from '../model.ts';
import {problemOf} from '../problem.ts';
import {type SessionStore, withFacts} from '../session-state.ts';
import {createWaker, type Waker} from '../waker.ts';
import {ageInWords} from './age.ts';
import {throttleRuns} from './relist.ts';

/** Milliseconds. */
export type BoxTiming = {
	/** Between the starts of two lists, however many events come. */
	relistMs: number;
	/** Without an event the engine is asked all the same: a stopped one is silent, and nothing else tells. */
	askMs: number;
	/** A list that takes longer than this is said to be late. */
	lateMs: number;
	/** After this it is given up and asked for again, on another connection. */
	giveUpMs: number;
	/** The wait before the first new attempt; doubled for each further one in a row. */
	retryMs: number;
	longestRetryMs: number;
	/** How often an age on the screen is renewed. */
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

/**
Keeps the list of boxes true: every event leads to one list, never two at a time. When the engine goes away or does not answer,
the last known boxes stay beside the reason and their age, and on its return everything is listed anew. Settles when the signal is
aborted.

@param options.waker to be woken when there is reason to think that the engine is back
*/
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: older than the limit
export async function followBoxes(
	host: Host,
	store: SessionStore,
	signal: AbortSignal,
	options: Partial<BoxTiming> & {waker?: Waker} = {},
): Promise<void> {
	const {waker = createWaker(), ...given} = options;
	const timing = {...usual, ...given};
	const {engine} = host;
	const backoff = createBackoff({firstMs: timing.retryMs, longestMs: timing.longestRetryMs});
	/** When the first question was asked that got no answer, and when the last list came. */
	let askedAt: number | undefined;
	let listedAt: number | undefined;
	let listed = '';

	const change = (update: (box: BoxState) => Partial<BoxState>) => {
		store.change(withFacts(({box}) => ({box: {...box, ...update(box)}})));
	};

	const takeIn = (boxes: Box[], isFirst: boolean) => {
		askedAt = undefined;
		listedAt = performance.now();
		backoff.reset();
		const text = JSON.stringify(boxes);
		// Most lists say what the one before said: then there is nothing to draw.
		if (isFirst || text !== listed || store.get().facts.box.phase !== 'live') {
			listed = text;
			change(({connection}) => ({
				phase: 'live',
				boxes,
				problem: undefined,
				age: undefined,
				connection: connection + (isFirst ? 1 : 0),
			}));
		}
	};

	const list = async (connectionSignal: AbortSignal, isFirst = false) => {
		const late = new AbortController();
		const timer = setTimeout(() => late.abort(new Late()), timing.giveUpMs);
		const listSignal = AbortSignal.any([connectionSignal, late.signal]);
		askedAt ??= performance.now();
		try {
			takeIn(await heed(listBoxes(host, listSignal), listSignal), isFirst);
		} finally {
			clearTimeout(timer);
		}
	};

	const ticker = setInterval(
		tellAges(timing, {
			late: () => askedAt,
			listed: () => listedAt,
			shift(by) {
				askedAt = askedAt === undefined ? undefined : askedAt + by;
			},
			tell(late, age) {
				const {phase} = store.get().facts.box;
				const problem =
					late === undefined ? undefined : {message: `No answer from the engine for ${late}`, fix: retrying};
				if (problem !== undefined) {
					change(() => ({phase: 'late', problem, age}));
				} else if (phase === 'no-engine') {
					change(() => ({age}));
				}
			},
		}),
		timing.tickMs,
	);

	/** Ends with the reason why this connection is of no use any more. */
	const attend = async (connectionSignal: AbortSignal) => {
		const events = engine.events({signal: connectionSignal, types: ['container']})[Symbol.asyncIterator]();
		// Asked for before the list, so that nothing that happens in between is missed.
		let next = events.next();
		next.catch(() => {});
		await list(connectionSignal, true);
		const broken = Promise.withResolvers<never>();
		broken.promise.catch(() => {});
		const request = throttleRuns(() => list(connectionSignal), {
			intervalMs: timing.relistMs,
			signal: connectionSignal,
			onError: (error) => broken.reject(error),
		});
		const beat = setInterval(request, timing.askMs);
		try {
			for (;;) {
				const item = await heed(Promise.race([next, broken.promise]), connectionSignal);
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
	};

	try {
		while (!signal.aborted) {
			const connection = new AbortController();
			const connectionSignal = AbortSignal.any([signal, connection.signal]);
			try {
				await attend(connectionSignal);
			} catch (error) {
				// Not to have answered is told with its age by the ticker.
				if (!signal.aborted && !(error instanceof Late)) {
					askedAt = undefined;
					const problem = problemOf(error, engine.address);
					change(() => ({phase: 'no-engine', problem}));
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

const retrying = 'It is being asked again. What is wrong with it: gpubox doctor';

/** The engine took too long. */
class Late extends Error {}

type Ages = {
	late: () => number | undefined;
	listed: () => number | undefined;
	/** The time that gpubox itself stood still is nobody's delay. */
	shift: (byMs: number) => void;
	tell: (late: string | undefined, age: string | undefined) => void;
};

function tellAges({lateMs, tickMs}: BoxTiming, ages: Ages): () => void {
	let before = performance.now();
	let told = '';
	return () => {
		const now = performance.now();
		const stoodStill = now - before - tickMs;
		before = now;
		if (stoodStill > 2 * tickMs) {
			ages.shift(stoodStill);
		}

		const words = (since: number | undefined) =>
			since === undefined || now - since < lateMs ? undefined : ageInWords(now - since);
		const late = words(ages.late());
		const age = words(ages.listed());
		const text = `${late} ${age}`;
		if (text !== told) {
			told = text;
			ages.tell(late, age);
		}
	};
}
