import {setTimeout as pause} from 'node:timers/promises';
import {createBackoff} from '../../../base/backoff.ts';
import type {ContainerUse, Engine} from '../../../engine/engine.ts';
import {type SessionStore, withFacts} from '../store.ts';
import type {Use} from './machine.ts';

/** Milliseconds. */
export type UseTiming = {
	/** Between two measurements of a container. */
	everyMs: number;
	/** After the rows on the screen changed: who scrolls does not want what rushes by. */
	settleMs: number;
	/** The wait before a stream that ended is opened again; doubled for each further one in a row. */
	retryMs: number;
	longestRetryMs: number;
};

const usual: UseTiming = {everyMs: 2000, settleMs: 200, retryMs: 1000, longestRetryMs: 15_000};

export type UseSource = {
	/** The running containers whose use is on the screen; of no others the engine is asked. */
	show(ids: readonly string[]): void;
};

/**
Measures what the containers on the screen use, each on a stream of its own. One that ends is opened again for as long as its row is on
the screen. What a container used stays until it is measured again; of one that is on the screen no more it is forgotten.
*/
export function createUseSource(
	engine: Engine,
	store: SessionStore,
	signal: AbortSignal,
	options: Partial<UseTiming> = {},
): UseSource {
	const timing = {...usual, ...options};
	const streams = new Map<string, AbortController>();
	let wanted: readonly string[] = [];
	let timer: NodeJS.Timeout | undefined;
	signal.addEventListener('abort', () => clearTimeout(timer), {once: true});

	const settle = () => {
		timer = undefined;
		for (const [id, controller] of streams) {
			if (!wanted.includes(id)) {
				controller.abort();
				streams.delete(id);
			}
		}

		for (const id of wanted) {
			if (!streams.has(id) && !signal.aborted) {
				const controller = new AbortController();
				streams.set(id, controller);
				const own = AbortSignal.any([signal, controller.signal]);
				void followUse(engine, id, (use) => take(store, id, use), {...timing, signal: own});
			}
		}

		forgetOthers(store, wanted);
	};

	return {
		show(ids) {
			wanted = ids;
			// What is left is let go at once, also without a next screen.
			if (ids.length === 0) {
				clearTimeout(timer);
				settle();
			} else if (!signal.aborted) {
				timer ??= setTimeout(settle, timing.settleMs);
			}
		},
	};
}

/**
Measures what a container uses until the signal aborts. A stream that ended is opened again, ever more slowly.

@param take undefined when the stream has ended
*/
export async function followUse(
	engine: Engine,
	id: string,
	take: (use: ContainerUse | undefined) => void,
	{
		retryMs,
		longestRetryMs,
		...options
	}: Pick<UseTiming, 'retryMs' | 'longestRetryMs'> & {everyMs?: number; signal: AbortSignal},
): Promise<void> {
	const {signal} = options;
	const backoff = createBackoff({firstMs: retryMs, longestMs: longestRetryMs});
	while (!signal.aborted) {
		try {
			for await (const use of engine.stats(id, options)) {
				backoff.reset();
				if (signal.aborted) {
					return;
				}

				take(use);
			}
		} catch {
			// The list of containers says whether the engine is away, or the container.
		}

		if (!signal.aborted) {
			take(undefined);
		}

		await pause(backoff.next(), undefined, {signal}).catch(() => {});
	}
}

function take(store: SessionStore, id: string, use: ContainerUse | undefined): void {
	if (use === undefined) {
		return;
	}

	store.changeLazily(
		withFacts(({machine}) => ({
			machine: {...machine, uses: new Map(machine.uses).set(id, withRates(use, machine.uses.get(id)))},
		})),
	);
}

/** Bytes a second are the difference to the measurement before. */
export function withRates(use: ContainerUse, before: Use | undefined): Use {
	const seconds = before === undefined ? 0 : (use.at - before.at) / 1000;
	const rate = (now: number | null, then: number | null | undefined) =>
		now === null || then == null || seconds <= 0 || now < then ? null : (now - then) / seconds;
	return {
		...use,
		// The first measurement of a stream knows no CPU: the last one that was known is newer than nothing.
		cpuPercent: use.cpuPercent ?? before?.cpuPercent ?? null,
		receivedRate: rate(use.receivedBytes, before?.receivedBytes),
		sentRate: rate(use.sentBytes, before?.sentBytes),
	};
}

function forgetOthers(store: SessionStore, wanted: readonly string[]): void {
	const {uses} = store.get().facts.machine;
	if ([...uses.keys()].some((id) => !wanted.includes(id))) {
		store.changeLazily(
			withFacts(({machine}) => ({
				machine: {...machine, uses: new Map([...machine.uses].filter(([id]) => wanted.includes(id)))},
			})),
		);
	}
}
