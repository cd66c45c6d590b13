import {setTimeout as pause} from 'node:timers/promises';
import {containerPrefix, label} from '../../box/box.ts';
import {listBoxes} from '../../box/list.ts';
import type {EngineEvent} from '../../engine/engine.ts';
import {Failure} from '../../failure.ts';
import type {Host} from '../../host/host.ts';
import {problemOf} from './problem.ts';
import {throttleRuns} from './relist.ts';
import {type SessionStore, withFacts} from './session-state.ts';

const relistIntervalMs = 400;
const firstWaitMs = 1000;
const longestWaitMs = 15_000;

/** Things that happen to a container without changing what the list shows, such as every health check. */
const ofNoInterest = /^(exec_|top|attach|resize|copy|archive-path|extract-to-dir|export|commit)/;

export function concernsBoxes(event: EngineEvent): boolean {
	return (
		event.type === 'container' &&
		!ofNoInterest.test(event.action) &&
		(event.attributes[label.name] !== undefined || (event.attributes.name ?? '').startsWith(containerPrefix))
	);
}

/**
Keeps the list of boxes true: every event leads to one list, never two at a time. When the engine goes away the last known
boxes stay beside the reason, and on its return everything is listed anew. Settles when the signal is aborted.
*/
export async function followBoxes(
	host: Host,
	store: SessionStore,
	signal: AbortSignal,
	options: {firstWaitMs?: number} = {},
): Promise<void> {
	const {engine} = host;
	const shortest = options.firstWaitMs ?? firstWaitMs;
	let wait = shortest;

	const list = async (within: AbortSignal) => {
		const boxes = await listBoxes(host, within);
		within.throwIfAborted();
		wait = shortest;
		store.change(withFacts(() => ({box: {phase: 'live', boxes, problem: undefined}})));
	};

	while (!signal.aborted) {
		const round = new AbortController();
		const within = AbortSignal.any([signal, round.signal]);
		try {
			const events = engine.events({signal: within, types: ['container']})[Symbol.asyncIterator]();
			// Asked for before the list, so that nothing that happens in between is missed.
			let next = events.next();
			next.catch(() => {});
			await list(within);
			const request = throttleRuns(() => list(within), {
				intervalMs: relistIntervalMs,
				signal: within,
				// The stream of events breaks too when the engine is gone, and that starts everything anew.
				onError: () => round.abort(),
			});
			for (let item = await next; item.done !== true; item = await next) {
				if (concernsBoxes(item.value)) {
					request();
				}

				next = events.next();
			}

			within.throwIfAborted();
		} catch (error) {
			if (signal.aborted) {
				return;
			}

			const problem = problemOf(
				round.signal.aborted
					? new Failure('The engine does not answer.', {fix: 'See what is wrong with it: gpubox doctor'})
					: error,
				engine.address,
			);
			store.change(withFacts(({box}) => ({box: {...box, phase: 'no-engine', problem}})));
		} finally {
			round.abort();
		}

		await pause(wait, undefined, {signal}).catch(() => {});
		wait = Math.min(longestWaitMs, wait * 2);
	}
}
