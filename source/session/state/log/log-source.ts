import {setTimeout as pause} from 'node:timers/promises';
import {heed} from '../../../base/abortable.ts';
import {createBackoff} from '../../../base/backoff.ts';
import type {Diagnostic} from '../../../base/failure.ts';
import {type Box, isRunning} from '../../../box/box.ts';
import type {Host} from '../../../host/host.ts';
import {type LogState, problemOf} from '../model.ts';
import {createPacer} from '../pacer.ts';
import {chosenBox} from '../reduce.ts';
import {onChange, type SessionState, type SessionStore, withFacts} from '../store.ts';
import type {LogBuffer} from './log-buffer.ts';

const linesAtFirst = 1000;
const firstRetryMs = 500;
/** A log that was not interrupted by then is being followed. */
const quietMs = 2000;
const longestRetryMs = 15_000;

/** The source of a log: a box that was started again has one that goes on. */
function sourceOf(box: Box): string {
	return `${box.id} ${isRunning(box)}`;
}

/** The chosen box and its log. Once the engine is back, every log is read again. */
function choiceOf({facts, view}: SessionState): string {
	const box = chosenBox(view, facts.box.boxes);
	return box === undefined ? '' : `${sourceOf(box)} ${facts.box.connection}`;
}

/**
Follows the log of the selected box until another is selected. A log that is interrupted while its box runs, as it
does when the engine is restarted, is read again: the lines that are there stay until the same ones come with what was written
meanwhile.

@param onAnswer called when the engine answers about a log while it does not answer about the boxes
*/
export function followLogs(
	host: Host,
	store: SessionStore,
	buffer: LogBuffer,
	signal: AbortSignal,
	onAnswer: () => void = () => {},
): void {
	let following: {source: string; controller: AbortController} | undefined;

	const change = (state: Partial<Pick<LogState, 'phase' | 'problem'>> = {}) => {
		store.change(withFacts(({log}) => ({log: {...log, ...state, version: log.version + 1}})));
	};

	/** Reads until it ends. */
	const read = async (boxId: string, boxSignal: AbortSignal, onFirst: () => void) => {
		const again = buffer.end > buffer.first;
		const tail = Math.max(linesAtFirst, buffer.end - buffer.first);
		const pace = createPacer();
		// A box that writes nothing sends nothing, not even that it is being listened to.
		const quiet = setTimeout(() => change({phase: 'following', problem: undefined}), quietMs);
		const chunks = host.engine.logs(boxId, {follow: true, tail, signal: boxSignal})[Symbol.asyncIterator]();
		for (let first = true; ; first = false) {
			const item = await heed(chunks.next(), boxSignal).finally(() => clearTimeout(quiet));
			if (first) {
				onFirst();
				if (again && item.done !== true) {
					buffer.clear(buffer.first);
				}
			}

			if (item.done === true) {
				return;
			}

			buffer.push(item.value.stream, item.value.data);
			change();
			await pace(boxSignal);
		}
	};

	const follow = async (boxId: string, boxSignal: AbortSignal) => {
		const backoff = createBackoff({firstMs: firstRetryMs, longestMs: longestRetryMs});
		while (!boxSignal.aborted) {
			let problem: Diagnostic | undefined;
			try {
				await read(boxId, boxSignal, () => {
					backoff.reset();
					change({phase: 'following', problem: undefined});
					if (store.get().facts.box.phase !== 'live') {
						onAnswer();
					}
				});
			} catch (error) {
				if (boxSignal.aborted) {
					return;
				}

				problem = problemOf(error, host.engine.address);
			}

			// What the list says may be older than this end: then the next list changes the key, and that is the end of this loop.
			const box = store.get().facts.box.boxes.find(({id}) => id === boxId);
			const goesOn = box !== undefined && isRunning(box);
			change({phase: goesOn && problem !== undefined ? 'lost' : 'ended', problem});
			if (!goesOn) {
				return;
			}

			await pause(backoff.next(), undefined, {signal: boxSignal}).catch(() => {});
			if (!boxSignal.aborted) {
				change({phase: 'lost'});
			}
		}
	};

	const followChosen = () => {
		const {facts, view} = store.get();
		const box = chosenBox(view, facts.box.boxes);
		if (signal.aborted) {
			return;
		}

		const isSame = box !== undefined && following?.source === sourceOf(box);
		following?.controller.abort();
		const controller = new AbortController();
		following = box === undefined ? undefined : {source: sourceOf(box), controller};
		if (!isSame) {
			buffer.clear();
		}

		store.change(
			withFacts(({log}) => ({
				log: {boxId: box?.id, version: log.version + 1, phase: 'waiting', problem: undefined},
			})),
		);
		if (box !== undefined) {
			void follow(box.id, AbortSignal.any([signal, controller.signal]));
		}
	};

	onChange(store, choiceOf, followChosen);
}
