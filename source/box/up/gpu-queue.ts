import timers from 'node:timers/promises';
import type {Engine} from '../../engine/engine.ts';
import type {Host} from '../../host/host.ts';
import {formatDuration} from '../../text/duration.ts';
import type {Box} from '../box.ts';
import {GpusTaken} from '../gpus/allocate.ts';
import {readGpusOfHost} from '../gpus/availability.ts';
import {listBoxes} from '../list.ts';
import type {Prepared} from '../plan/types.ts';
import {claimAndStart} from './create.ts';
import {startBox} from './lifecycle.ts';
import {wantsSeveral} from './prepare.ts';
import type {Target} from './resolve-spec.ts';
import type {UpOptions} from './types.ts';

/** The engine has no event for processes that end outside of boxes, so GPUs are also polled. */
const longestPauseMs = 15_000;

/** Events that may free GPUs. */
const endings = new Set(['die', 'destroy', 'stop', 'kill']);

type Options = Pick<UpOptions, 'report' | 'signal'>;

/**
Claims GPUs for a new box as soon as they are free, however long that takes.

@throws what claimAndStart throws, except for GPUs that are taken; the signal's reason
*/
export function claimInTurn(
	host: Host,
	prepared: Prepared,
	options: Options & {target?: Target},
): ReturnType<typeof claimAndStart> {
	const {signal, target} = options;
	let current: Prepared | undefined;
	return inTurn(host, options, async () => {
		// The first reading of the host was taken a moment ago.
		current = current
			? {...current, hostGpus: await readGpusOfHost(host, signal, wantsSeveral(current.gpuSelection))}
			: prepared;
		return claimAndStart(host, current, signal, {target});
	});
}

/**
Starts a stopped box as soon as its GPUs are free. It waits for these and takes no others, because a container keeps the ones that
it was created with; recreating it would lose what was installed inside, so that is suggested and not done.

@throws what startBox throws, except for GPUs that are taken; the signal's reason
*/
export function startInTurn(host: Host, box: Box, options: Options): Promise<void> {
	return inTurn(host, options, () =>
		startBox(host, box, options.signal, (text) => options.report({kind: 'note', text})),
	);
}

/**
Tries until the GPUs are free. It holds nothing while it waits, and checks only when a container ended or 15 seconds have passed.
Several waiting runs have no order among them: the first that sees a free GPU gets it, as without waiting.
*/
async function inTurn<T>(host: Host, {report, signal}: Options, attempt: () => Promise<T>): Promise<T> {
	// Subscribe before the first check, so that no end is missed in between.
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
				report({kind: 'queue', behind: await withTimes(host, error.holders, signal)});
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

/** Of each box or job in the way, how long it has been running: `box bob-train (running for 2h 5m)`. */
async function withTimes(host: Host, holders: readonly string[], signal: AbortSignal): Promise<string[]> {
	const boxes = await listBoxes(host, signal);
	return Promise.all(
		holders.map(async (holder) => {
			const box = boxes.find(({name}) => [`box ${name}`, `job ${name}`].includes(holder));
			const detail = box && (await host.engine.inspectContainer(box.id, signal));
			return detail?.startedAt === undefined
				? holder
				: `${holder} (running for ${formatDuration(Date.now() - detail.startedAt.getTime())})`;
		}),
	);
}

/** Resolves whenever a container ended. Without events, as behind some proxies, it never does. */
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
