import {setTimeout as pause} from 'node:timers/promises';
import type {Context} from '../context.ts';
import type {View} from '../reduce.ts';
import {onChange, type SessionState, withFacts} from '../store.ts';
import {shownGpu} from './inspect.ts';

/** Connections and memory errors change seldom, and each question costs the driver something. */
const intervalMs = 10_000;
const timeoutMs = 30_000;

/** The card whose screen is shown. The help over it is a part of the screen. */
function cardShown({screen, behindHelp, gpuUuid}: View, {facts}: SessionState): string | undefined {
	const shown = !facts.lent && (screen === 'gpu' || (screen === 'help' && behindHelp === 'gpu'));
	return shown
		? shownGpu(
				gpuUuid,
				facts.gpu.readings.map(({uuid}) => uuid),
			)
		: undefined;
}

/** Asks about the card that is looked at, and about none when its screen is closed. */
export function followCard(context: Context): void {
	let watching: AbortController | undefined;
	onChange(
		context.store,
		(state) => cardShown(state.view, state),
		(uuid) => {
			watching?.abort();
			watching = uuid === undefined ? undefined : new AbortController();
			if (watching && uuid !== undefined) {
				context.store.change(withFacts(() => ({card: {uuid, detail: undefined}})));
				const signal = AbortSignal.any([context.signal, watching.signal]);
				context.tasks.track(watch(context, uuid, signal));
			}
		},
	);
}

async function watch({host, store, fail}: Context, uuid: string, signal: AbortSignal): Promise<void> {
	const {readCardDetail} = await import('../../../gpu/cards/card-detail.ts');
	while (!signal.aborted) {
		try {
			const {migMode = null} = store.get().facts.gpu.readings.find((each) => each.uuid === uuid) ?? {};
			const detail = await readCardDetail(host.nvidiaSmi, {uuid, migMode}, {signal, timeoutMs});
			store.changeLazily(withFacts(() => ({card: {uuid, detail}})));
			await pause(intervalMs, undefined, {signal});
		} catch (error) {
			if (!signal.aborted) {
				fail(error);
				return;
			}
		}
	}
}
