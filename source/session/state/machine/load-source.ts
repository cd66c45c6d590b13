import timers from 'node:timers/promises';
import type {Context} from '../context.ts';
import {withFacts} from '../store.ts';

/** As often as the processes are listed. */
const intervalMs = 5000;
/** A driver that does not tell may be one that was late. */
const retryMs = 60_000;
const timeoutMs = 10_000;

/** Columns of lists, by their keys, for which the driver is asked what each process makes of its GPUs. */
const columnsOfLoad = ['sm'];

/**
Asks the driver how busy processes keep their GPUs while a column on the screen shows it, and at no other time. A driver that does not tell
is asked again much later: nothing says that it never will.

@returns to be told which columns are on the screen
*/
export function createLoadSource({
	host,
	store,
	useCases,
	signal,
	tasks,
	fail,
}: Context): (columns: readonly string[]) => void {
	let asking: AbortController | undefined;
	const ask = async (asked: AbortSignal) => {
		while (!asked.aborted) {
			const loads = await useCases.processLoad(host.nvidiaSmi, {signal: asked, timeoutMs});
			store.changeLazily(withFacts(({machine}) => ({machine: {...machine, loads: loads ?? noLoads}})));
			await timers.setTimeout(loads === undefined ? retryMs : intervalMs, undefined, {signal: asked});
		}
	};

	return (columns) => {
		const wanted = columns.some((key) => columnsOfLoad.includes(key));
		if (wanted === (asking !== undefined)) {
			return;
		}

		asking?.abort();
		asking = wanted && !signal.aborted ? new AbortController() : undefined;
		if (asking === undefined) {
			store.changeLazily(withFacts(({machine}) => ({machine: {...machine, loads: noLoads}})));
			return;
		}

		const asked = AbortSignal.any([signal, asking.signal]);
		tasks.track(
			ask(asked).catch((error: unknown) => {
				if (!asked.aborted) {
					fail(error);
				}
			}),
		);
	};
}

const noLoads: ReadonlyMap<string, number> = new Map();
