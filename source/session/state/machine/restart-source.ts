import {setTimeout as pause} from 'node:timers/promises';
import type {Context} from '../context.ts';
import {withFacts} from '../store.ts';

/** Who walks through the list does not want what rushes by. */
const settleMs = 300;
/** A restart by the engine may leave no other trace in the list. */
const intervalMs = 10_000;

/**
Asks the engine how often it restarted one container: the one whose details are on the screen. The list of containers does not tell, and to
ask about each row would cost the engine a request for each.

@returns to be told whose details are shown; undefined for none
*/
export function createRestartSource({host, store, signal, tasks}: Context): (id: string | undefined) => void {
	let asking: {id: string; controller: AbortController} | undefined;
	const ask = async (id: string, asked: AbortSignal) => {
		await pause(settleMs, undefined, {signal: asked});
		while (!asked.aborted) {
			// Of one that is gone, and without an answer, it is not known.
			const detail = await host.engine.inspectContainer(id, asked).catch(() => undefined);
			const count = detail?.restartCount;
			asked.throwIfAborted();
			store.changeLazily(
				withFacts(({machine}) => ({machine: {...machine, restarts: count === undefined ? undefined : {id, count}}})),
			);
			await pause(intervalMs, undefined, {signal: asked});
		}
	};

	return (id) => {
		if (asking?.id === id) {
			return;
		}

		asking?.controller.abort();
		asking = id === undefined || signal.aborted ? undefined : {id, controller: new AbortController()};
		if (asking) {
			const asked = AbortSignal.any([signal, asking.controller.signal]);
			// It ends in no other way than by the signal.
			tasks.track(ask(asking.id, asked).catch(() => {}));
		}
	};
}
