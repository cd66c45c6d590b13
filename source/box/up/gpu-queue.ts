import timers from 'node:timers/promises';
import type {Engine} from '../../engine/engine.ts';
import type {Host} from '../../host/host.ts';
import type {Box} from '../box.ts';
import {GpusTaken} from '../gpus/allocate.ts';
import {readGpusOfHost} from '../gpus/availability.ts';
import type {Prepared} from '../plan/types.ts';
import {type ClaimedBox, claimAndStart} from './create.ts';
import {startBox} from './lifecycle.ts';
import {wantsSeveral} from './prepare.ts';
import type {UpOptions} from './types.ts';

/** Processes outside of boxes end without the engine knowing, so it is also looked now and then. */
const longestPauseMs = 15_000;

/** What may set GPUs free. */
const endings = new Set(['die', 'destroy', 'stop', 'kill']);

type Options = Pick<UpOptions, 'report' | 'signal'>;

/**
Claims GPUs for a new box as soon as they are free, however long that takes.

@throws what claimAndStart throws, but for GPUs that are taken; the signal's reason
*/
export function claimInTurn(host: Host, prepared: Prepared, options: Options): Promise<ClaimedBox> {
	const {signal} = options;
	let current: Prepared | undefined;
	return inTurn(host, options, async () => {
		// The first look at the host was taken a moment ago.
		current = current
			? {...current, hostGpus: await readGpusOfHost(host, signal, wantsSeveral(current.gpuSelection))}
			: prepared;
		return claimAndStart(host, current, signal);
	});
}

/**
Starts a stopped box as soon as its GPUs are free. It waits for these and takes no others, because a container keeps the ones that
it was made with; making it anew would lose what was installed inside, so that is told and not done.

@throws what startBox throws, but for GPUs that are taken; the signal's reason
*/
export function startInTurn(host: Host, box: Box, options: Options): Promise<void> {
	return inTurn(host, options, () =>
		startBox(host, box, options.signal, (text) => options.report({kind: 'note', text})),
	);
}

/**
Tries until nobody is in the way any more. It holds nothing while it waits, and looks only when a container ended or a quarter of
a minute went by. There is no order among several that wait: whoever sees it first has it, as without waiting.
*/
async function inTurn<T>(host: Host, {report, signal}: Options, attempt: () => Promise<T>): Promise<T> {
	// Listening begins before the first look, so that nothing ends unheard in between.
	const listening = new AbortController();
	const ends = listen(host.engine, AbortSignal.any([signal, listening.signal]));
	let told: string | undefined;
	try {
		for (;;) {
			const ended = ends.next();
			try {
				return await attempt();
			} catch (error) {
				if (!(error instanceof GpusTaken)) {
					throw error;
				}

				if (error.instead !== undefined && error.instead !== told) {
					report({kind: 'note', text: error.instead});
				}

				told = error.instead;
				report({kind: 'queue', behind: error.holders});
			}

			const pausing = new AbortController();
			await Promise.race([
				ended,
				timers.setTimeout(longestPauseMs, undefined, {signal: AbortSignal.any([signal, pausing.signal])}),
			]).finally(() => pausing.abort());
			signal.throwIfAborted();
		}
	} finally {
		listening.abort();
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
