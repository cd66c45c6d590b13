import timers from 'node:timers/promises';
import {readQueue} from '../../../../box/gpus/queue-records.ts';
import type {Host} from '../../../../host/host.ts';
import type {View} from '../../reduce.ts';
import {type SessionStore, withFacts} from '../../store.ts';
import type {TellsState} from '../tells.ts';

const stepMs = 3000;

/** Where the queue is shown. */
const screens: ReadonlySet<View['screen']> = new Set(['main', 'people']);

/** Keeps who is queued for GPUs, while that is on the screen: reading it costs the list of a folder. */
export async function followQueue(
	host: Host,
	store: SessionStore,
	{signal, every = stepMs}: {signal: AbortSignal; every?: number},
): Promise<void> {
	while (!signal.aborted) {
		const {view, facts} = store.get();
		if (screens.has(view.screen) && !facts.lent) {
			keep(store, readQueue(host) ?? (host.engine.local ? undefined : []));
		}

		await timers.setTimeout(every, undefined, {signal}).catch(() => {});
	}
}

function keep(store: SessionStore, queue: TellsState['queue']): void {
	if (keyOf(queue) !== keyOf(store.get().facts.tells.queue)) {
		store.change(withFacts(({tells}) => ({tells: {...tells, queue}})));
	}
}

function keyOf(queue: TellsState['queue']): string {
	return JSON.stringify(queue?.map(({id, behind, user}) => [id, user, behind]) ?? null);
}
