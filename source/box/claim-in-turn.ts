import timers from 'node:timers/promises';
import type {Engine} from '../engine/engine.ts';
import type {Host} from '../host/host.ts';
import {GpusTaken} from './choose-gpus.ts';
import {type ClaimedBox, claimAndStart} from './claim-and-start.ts';
import {readGpusOfHost} from './gpus-of-host.ts';
import {type Prepared, wantsSeveral} from './prepare.ts';
import type {UpOptions} from './up-steps.ts';

/** Processes outside of boxes end without the engine knowing, so it is also looked now and then. */
const longestPauseMs = 15_000;

/** What may set GPUs free. */
const endings = new Set(['die', 'destroy', 'stop', 'kill']);

/**
Claims GPUs as soon as they are free, however long that takes. It holds nothing while it waits, and looks only when a container
ended or a quarter of a minute went by. There is no order among several that wait: whoever sees it first has it, as without
waiting.

@throws what claimAndStart throws, but for GPUs that are taken; the signal's reason
*/
export async function claimInTurn(
	host: Host,
	prepared: Prepared,
	{report, signal}: Pick<UpOptions, 'report' | 'signal'>,
): Promise<ClaimedBox> {
	// Listening begins before the first look, so that nothing ends unheard in between.
	const news = new AbortController();
	const bell = listen(host.engine, AbortSignal.any([signal, news.signal]));
	let current = prepared;
	try {
		for (;;) {
			const heard = bell.next();
			try {
				return await claimAndStart(host, current, signal);
			} catch (error) {
				if (!(error instanceof GpusTaken)) {
					throw error;
				}

				report({kind: 'queue', behind: error.holders});
			}

			const enough = new AbortController();
			await Promise.race([
				heard,
				timers.setTimeout(longestPauseMs, undefined, {signal: AbortSignal.any([signal, enough.signal])}),
			]).finally(() => enough.abort());
			signal.throwIfAborted();
			current = {...current, gpus: await readGpusOfHost(host, signal, wantsSeveral(current.gpuRequest))};
		}
	} finally {
		news.abort();
	}
}

/** Rings whenever a container ended. Without events, as behind some proxies, it never does. */
function listen(engine: Engine, signal: AbortSignal): {next(): Promise<void>} {
	let next = Promise.withResolvers<void>();
	const follow = async () => {
		for await (const {action} of engine.events({signal, types: ['container']})) {
			if (endings.has(action)) {
				next.resolve();
				next = Promise.withResolvers();
			}
		}
	};
	follow().catch(() => {});
	return {next: () => next.promise};
}
