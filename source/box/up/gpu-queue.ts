import timers from 'node:timers/promises';
import type {Engine} from '../../engine/engine.ts';
import type {Host} from '../../host/host.ts';
import {formatDuration} from '../../text/duration.ts';
import type {Box} from '../box.ts';
import {type GpuSelection, GpusTaken} from '../gpus/allocate.ts';
import {readGpusOfHost} from '../gpus/availability.ts';
import {
	cameBefore,
	type GpuWish,
	goesFirst,
	namedBy,
	type QueueEntry,
	queuedText,
	uuidsOf,
} from '../gpus/queue-entry.ts';
import {joinQueue, type QueueTicket, readQueue} from '../gpus/queue-records.ts';
import {listBoxes} from '../list.ts';
import type {Prepared} from '../plan/types.ts';
import {claimAndStart} from './create.ts';
import {startBox} from './lifecycle.ts';
import {wantsSeveral} from './prepare.ts';
import {boxTarget, type Target} from './resolve-spec.ts';
import type {UpOptions} from './types.ts';

/** The engine has no event for processes that end outside of boxes, so GPUs are also polled. */
const longestPauseMs = 15_000;

/** No one says when the one before has left the queue; looking is cheap. */
const pauseBehindOthersMs = 1000;

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
	const {signal, target = boxTarget(host.person, prepared.request)} = options;
	const wish = wishOf(prepared, target);
	let current: Prepared | undefined;
	return whenFree(host, wish, options, async (earlier) => {
		// The first reading of the host was taken a moment ago.
		current = current
			? {...current, hostGpus: await readGpusOfHost(host, signal, wantsSeveral(current.gpuSelection))}
			: prepared;
		const waitedFor = namedBy(earlier, wish);
		const {hostGpus} = current;
		return claimAndStart(host, {...current, hostGpus: hostGpus && {...hostGpus, waitedFor}}, signal, {target});
	});
}

function wishOf({gpuSelection, hostGpus, request}: Prepared, target: Target): GpuWish {
	const gpus = hostGpus?.inventory.gpus ?? [];
	const wish = {name: target.chooseName([], {names: []}), share: request.shareGpus};
	const uuids = gpuSelection.kind === 'exact' ? uuidsOf(gpuSelection.names, gpus) : undefined;
	return uuids === undefined
		? {...wish, count: countOf(gpuSelection, gpus.length)}
		: {...wish, count: uuids.length, uuids};
}

function countOf(selection: GpuSelection, all: number): number {
	return selection.kind === 'count' ? selection.count : selection.kind === 'all' ? Math.max(1, all) : 1;
}

/**
Starts a stopped box as soon as its GPUs are free. It waits for these and takes no others, because a container keeps the ones that
it was created with; recreating it would lose what was installed inside, so that is suggested and not done.

@throws what startBox throws, except for GPUs that are taken; the signal's reason
*/
export function startInTurn(host: Host, box: Box, options: Options): Promise<void> {
	const wish = {name: box.name, count: box.gpus.length, uuids: box.gpus, share: box.shareGpus};
	return whenFree(host, wish, options, () =>
		startBox(host, box, options.signal, (text) => options.report({kind: 'note', text})),
	);
}

/**
Tries until the GPUs are free. It holds nothing while it waits, and checks only when a container ended or 15 seconds have passed.
Who came first goes first (queue-entry.ts); two that come at the same moment compete as without waiting.

@param attempt gets the entries that came before
*/
async function whenFree<T>(
	host: Host,
	wish: GpuWish,
	{report, signal}: Options,
	attempt: (earlier: QueueEntry[]) => Promise<T>,
): Promise<T> {
	// Subscribe before the first check, so that no end is missed in between.
	const listening = new AbortController();
	const ends = listen(host.engine, AbortSignal.any([signal, listening.signal]));
	let ticket: QueueTicket | undefined;
	let told: string | undefined;
	let behind: string[] = [];
	const beat = setInterval(() => ticket?.update(behind), longestPauseMs).unref();
	try {
		for (;;) {
			const ended = ends.next();
			const earlier = earlierThan(ticket, host);
			const first = earlier.filter((entry) => goesFirst(entry, wish));
			if (first.length > 0) {
				behind = changed(behind, first.map(queuedText), report);
			} else {
				try {
					return await attempt(earlier);
				} catch (error) {
					if (!(error instanceof GpusTaken)) {
						throw error;
					}

					if (error.instead !== undefined && error.instead !== told) {
						report({kind: 'note', text: error.instead});
					}

					told = error.instead;
					behind = error.holders;
					report({kind: 'queue', behind: await withTimes(host, error.holders, signal)});
				}
			}

			ticket ??= joinQueue(host, wish);
			ticket?.update(behind);
			await pauseUntil(ended, first.length > 0 ? pauseBehindOthersMs : longestPauseMs, signal);
		}
	} finally {
		clearInterval(beat);
		listening.abort();
		ticket?.leave();
	}
}

/** All entries, until this process has one of its own. */
function earlierThan(ticket: QueueTicket | undefined, host: Host): QueueEntry[] {
	const queue = readQueue(host) ?? [];
	const own = queue.find(({id}) => id === ticket?.id) ?? ticket;
	return queue.filter((entry) => entry.id !== own?.id && (own === undefined || cameBefore(entry, own)));
}

/** Told when it is another than before. */
function changed(before: string[], now: string[], report: UpOptions['report']): string[] {
	if (before.join() !== now.join()) {
		report({kind: 'queue', behind: now});
	}

	return now;
}

/** @throws the signal's reason */
export async function pauseUntil(ended: Promise<void>, milliseconds: number, signal: AbortSignal): Promise<void> {
	const pausing = new AbortController();
	const over = timers.setTimeout(milliseconds, undefined, {signal: AbortSignal.any([signal, pausing.signal])});
	// It rejects with an error of its own, and what counts is why the signal was aborted.
	await Promise.race([ended, over.catch(() => {})]).finally(() => pausing.abort());
	signal.throwIfAborted();
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
