/** Runs of other places after they were submitted: followed here or in the background, ended, completed. */

import timers from 'node:timers/promises';
import {timerMs} from '../../base/longest-timer.ts';
import {thisProcess} from '../../base/process/process-start.ts';
import {activeRuns} from '../../box/active-runs.ts';
import type {Host} from '../../host/host.ts';
import {completePlaced} from '../../job/place/complete.ts';
import {type FollowOptions, followPlace, type PlacedRun} from '../../job/place/follow.ts';
import {endOfGone} from '../../job/place/gone.ts';
import {openPlace} from '../../job/place/open.ts';
import {type Ending, type JobState, NoAnswer, type Place} from '../../job/place/place.ts';
import {isPlaceName} from '../../job/place/place-names.ts';
import type {Completed} from '../../job/runs/complete.ts';
import {forgetRun} from '../../job/runs/forget.ts';
import {isFollowed, type RunRecord, readRunRecord, writeRunRecord} from '../../job/runs/record.ts';
import {loadPersonalSettings} from '../load-settings.ts';
import {followInBackground} from './follow.ts';

type Files = Pick<Host, 'paths'>;

/** A run that another place has; undefined for one of an engine. */
export function placed(run: RunRecord | undefined): PlacedRun | undefined {
	return run?.on?.id !== undefined && isPlaceName(run.on.place) ? (run as PlacedRun) : undefined;
}

function placeOf({on}: Pick<PlacedRun, 'on'>): Promise<Place> {
	if (!isPlaceName(on.place)) {
		throw new Error(`${on.place} is not a place`);
	}

	return openPlace(on.place, on.address ?? undefined);
}

/**
Follows a run to its end and completes what is kept of it.

@param options.signal detaches: the job goes on
@returns undefined when it was detached
@throws errors of the file system
*/
export async function followPlacedToEnd(
	host: Files,
	place: Place,
	run: PlacedRun,
	options: FollowOptions,
): Promise<Completed | undefined> {
	let current = run;
	const {end, logBytes, missingBytes, stopped} = await followPlace(place, run, {
		...options,
		onState(state) {
			options.onState?.(state);
			const next = withState(current, state);
			if (next !== current) {
				current = {...next, stopped: stoppedBy(host, next)};
				writeRunRecord(host.paths, current);
			}
		},
	});
	current = {...current, logBytes, stopped};
	if (end === undefined) {
		const {follower: _over, ...rest} = current;
		writeRunRecord(host.paths, rest);
		return undefined;
	}

	// Another process has stopped it, and it was gone before this one looked.
	const wasStopped = end.kind === 'lost' && stoppedBy(host, current) === 'stop';
	return completePlaced(host, place, current, {
		end: wasStopped ? endOfGone({ran: current.startedAt !== null}, place.name) : end,
		missingBytes,
		notify: (await loadPersonalSettings()).notify,
		// What follows the end is not cut short by detaching.
		signal: new AbortController().signal,
	});
}

/** Why a run was stopped, as the process that did it has noted. */
function stoppedBy({paths}: Files, run: PlacedRun): string | null {
	return readRunRecord(paths, run.name)?.stopped ?? run.stopped;
}

/** The record of a run with what its place said; the same one when that is nothing new. Pure but for the time of a start. */
function withState(run: PlacedRun, state: JobState): PlacedRun {
	if (state.kind !== 'running') {
		return run;
	}

	const on = {
		...run.on,
		where: state.where ?? run.on.where,
		cards: state.cards.length > 0 ? state.cards : run.on.cards,
	};
	return run.startedAt !== null && JSON.stringify(on) === JSON.stringify(run.on)
		? run
		: {...run, on, startedAt: run.startedAt ?? new Date().toISOString()};
}

/** What the gpubox in the background does. @throws errors of the file system */
export async function followPlacedAlone(host: Files, run: PlacedRun, signal: AbortSignal): Promise<void> {
	if (run.ended === null && !isFollowed(run)) {
		const followed = {...run, follower: thisProcess()};
		writeRunRecord(host.paths, followed);
		await followPlacedToEnd(host, await placeOf(run), followed, {signal});
	}
}

/** How long a verb that lists runs waits for the places of those that no process follows, in milliseconds. */
const patienceMs = 5000;
/** What was not submitted after so long never will be. */
const submittedMs = 120_000;

/** Completes runs of other places that ended while no process followed them. A place that does not answer is left out. */
export async function lookAfterPlaces(host: Files, signal: AbortSignal): Promise<void> {
	const limit = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
	await Promise.all(
		activeRuns(host.paths).map(async (name) => {
			const record = readRunRecord(host.paths, name);
			if (record?.on === undefined || record.ended !== null || isFollowed(record)) {
				return;
			}

			const run = placed(record);
			if (run === undefined) {
				if (record.on.id === undefined && Date.now() - Date.parse(record.createdAt) > submittedMs) {
					forgetRun(host.paths, record);
				}

				return;
			}

			try {
				const place = await placeOf(run);
				const state = await place.state(run.on.id, limit);
				if (state.kind === 'ended' || state.kind === 'lost') {
					await followPlacedToEnd(host, place, {...run, follower: thisProcess()}, {signal: limit});
				}
			} catch (error) {
				if (!(error instanceof NoAnswer || limit.aborted)) {
					throw error;
				}
			}
		}),
	);
	signal.throwIfAborted();
}

const pauseMs = 200;

/** Milliseconds after which a run that still is not followed gets another process. */
const followMs = 5000;

/** Waits until a process has completed a run; starts one where there is none. @returns its record; undefined when it is forgotten */
export async function untilEnded(host: Files, name: string, signal: AbortSignal): Promise<RunRecord | undefined> {
	let started = 0;
	for (;;) {
		const run = readRunRecord(host.paths, name);
		if (run === undefined || run.ended !== null) {
			return run;
		}

		if (!isFollowed(run) && Date.now() - started > followMs) {
			started = Date.now();
			followInBackground(name, undefined);
		}

		await timers.setTimeout(pauseMs, undefined, {signal});
	}
}

/**
Stops runs of other places and waits for their ends: SIGTERM, and after their time SIGKILL.

@param hard without time to end
@throws NoAnswer
*/
export async function stopPlaced(
	host: Files,
	run: PlacedRun,
	{hard = false, signal}: {hard?: boolean; signal: AbortSignal},
): Promise<void> {
	const place = await placeOf(run);
	const state = await place.state(run.on.id, signal);
	if (state.kind === 'ended' || state.kind === 'lost') {
		await untilEnded(host, run.name, signal);
		return;
	}

	const first: Ending = state.kind === 'waiting' ? 'cancel' : hard ? 'kill' : 'terminate';
	writeRunRecord(host.paths, {...(readRunRecord(host.paths, run.name) ?? run), stopped: 'stop'});
	await place.end(run.on.id, first);
	const late = AbortSignal.timeout(timerMs(run.stopSeconds));
	try {
		await untilEnded(host, run.name, AbortSignal.any([signal, late]));
	} catch (error) {
		if (!late.aborted || signal.aborted) {
			throw error;
		}

		await place.end(run.on.id, 'end');
		await untilEnded(host, run.name, signal);
	}
}
