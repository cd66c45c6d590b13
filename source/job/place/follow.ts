import timers from 'node:timers/promises';
import type {LogChunk} from '../../engine/engine.ts';
import {safeText} from '../../text/safe.ts';
import {LogFile} from '../runs/log-file.ts';
import type {RunRecord} from '../runs/record.ts';
import {type JobState, NoAnswer, type Place} from './place.ts';

/** A run that was submitted. */
export type PlacedRun = RunRecord & {on: NonNullable<RunRecord['on']> & {id: string}};

export type FollowOptions = {
	/** Ends the following, not the job. */
	signal: AbortSignal;
	/** Called with all that the job prints. Nothing further is read until it settles. */
	onOutput?: ((chunk: LogChunk) => Promise<void>) | undefined;
	/** Notes for the user, safe to print. */
	onNote?: ((text: string) => void) | undefined;
	/** Called when the job is in another state, or on other nodes. */
	onState?: ((state: JobState) => void) | undefined;
};

export type PlaceEnd = {
	/** Undefined when the following ended first. */
	end: Extract<JobState, {kind: 'ended' | 'lost'}> | undefined;
	/** Bytes of the output that were read. */
	logBytes: number;
	missingBytes: number;
	/** Why gpubox stopped it, where it did. */
	stopped: string | null;
};

/** Once nothing has changed for so long, it is asked less often; a lost node is still named soon. In milliseconds. */
const calmMs = 120_000;
const calmPollMs = 5000;
/** Between two attempts to reach a place that does not answer, in milliseconds: doubled each time. */
const firstRetryMs = 1000;
const longestRetryMs = 15_000;

/**
Follows a job of another place: why it waits, where it runs, its output, how it ended. Goes on while the place does not answer.

@throws errors that are not the place's
*/
export async function followPlace(
	place: Place,
	run: PlacedRun,
	{signal, onOutput, onNote = () => {}, onState}: FollowOptions,
): Promise<PlaceEnd> {
	const over = new AbortController();
	const log = place.writesLog ? undefined : new LogFile(run.folder, {empty: run.logBytes === null});
	let seen = run.logBytes ?? 0;
	let reading: Promise<void> | undefined;
	const read = () => {
		reading ??= readLog(place, run, {from: seen, over: over.signal, signal}, async (chunk) => {
			seen += chunk.data.length;
			log?.append(chunk);
			await onOutput?.(chunk);
		});
		// It is awaited at the end.
		reading.catch(() => {});
	};
	const teller = makeTeller(run.name, onNote);
	let end: PlaceEnd['end'];
	let {stopped} = run;
	for await (const state of states(place, run.on.id, signal, onNote)) {
		teller.take(state);
		onState?.(state);
		if (state.kind !== 'waiting') {
			read();
		}

		if (isOverdue(run) && stopped === null && (state.kind === 'waiting' || state.kind === 'running')) {
			stopped = 'timeout';
			onNote('The time of --timeout is up: the job is being stopped.');
			await place.end(run.on.id, state.kind === 'waiting' ? 'cancel' : 'terminate').catch(ignoreNoAnswer);
		}

		if (state.kind === 'ended' || state.kind === 'lost') {
			end = state;
		}
	}

	over.abort();
	await reading;
	return {end, logBytes: seen, missingBytes: log?.close() ?? 0, stopped};
}

/** The states of a job, each as it is asked for; the last one is its end, unless the signal aborts. */
async function* states(
	place: Place,
	id: string,
	signal: AbortSignal,
	onNote: (text: string) => void,
): AsyncGenerator<JobState> {
	let last = '';
	let changed = Date.now();
	for (let retryMs = firstRetryMs; !signal.aborted; ) {
		let pauseMs: number;
		try {
			const state = await place.state(id, signal);
			if (retryMs > firstRetryMs) {
				onNote('It answers again.');
				retryMs = firstRetryMs;
			}

			yield state;
			if (state.kind === 'ended' || state.kind === 'lost') {
				return;
			}

			const now = JSON.stringify(state);
			changed = now === last ? changed : Date.now();
			last = now;
			pauseMs = Date.now() - changed > calmMs ? Math.max(calmPollMs, place.pollMs) : place.pollMs;
		} catch (error) {
			if (signal.aborted) {
				return;
			}

			if (!(error instanceof NoAnswer)) {
				throw error;
			}

			if (retryMs === firstRetryMs) {
				onNote(`No answer about the job: ${safeText(error.message)}. It may go on; asking again.`);
			}

			retryMs = Math.min(2 * retryMs, longestRetryMs);
			pauseMs = retryMs;
		}

		await pause(pauseMs, signal);
	}
}

async function readLog(
	place: Place,
	run: PlacedRun,
	{from, over, signal}: {from: number; over: AbortSignal; signal: AbortSignal},
	take: (chunk: LogChunk) => Promise<void>,
): Promise<void> {
	let seen = from;
	for (let attempts = 0; !signal.aborted; attempts++) {
		try {
			for await (const chunk of place.log(run.on.id, {folder: run.folder, from: seen, over, signal})) {
				attempts = 0;
				seen += chunk.data.length;
				await take(chunk);
			}

			return;
		} catch (error) {
			if (signal.aborted) {
				return;
			}

			// After the end there is not much sense in waiting for it.
			if (!(error instanceof NoAnswer) || (over.aborted && attempts > 2)) {
				if (error instanceof NoAnswer) {
					return;
				}

				throw error;
			}
		}

		await pause(firstRetryMs, signal);
	}
}

/** Tells each thing once: why it waits, where it runs, what is wrong. */
function makeTeller(name: string, onNote: (text: string) => void): {take(state: JobState): void} {
	let looks = 0;
	let told = '';
	let placed = '';
	const tell = (text: string) => {
		if (text !== told) {
			told = text;
			onNote(text);
		}
	};
	return {
		take(state) {
			looks += 1;
			// A job that starts at once has nothing to tell at the first look.
			if (state.kind === 'waiting' && looks > 1) {
				tell(`${name} waits: ${safeText(state.reason ?? 'no reason is given yet')}`);
			} else if (state.kind === 'running') {
				const where = tellWhere(state);
				if (where !== placed) {
					placed = where;
					onNote(`${name} runs${where}.`);
				}

				if (state.trouble !== null) {
					tell(safeText(state.trouble));
				}
			}
		},
	};
}

/** ` on node1 (GPU 0-1 of node1)` */
export function tellWhere({where, cards}: {where: string | null; cards: readonly string[]}): string {
	const shown = cards.length === 0 ? '' : ` (${safeText(cards.join(', '))})`;
	return `${where === null ? '' : ` on ${safeText(where)}`}${shown}`;
}

function isOverdue({deadline}: PlacedRun): boolean {
	return deadline !== null && Date.parse(deadline) < Date.now();
}

/** @throws errors that are not the place's */
function ignoreNoAnswer(error: unknown): void {
	if (!(error instanceof NoAnswer)) {
		throw error;
	}
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
	await timers.setTimeout(milliseconds, undefined, {signal}).catch(() => {});
}
