import timers from 'node:timers/promises';
import {listBoxes} from '../../box/list.ts';
import type {Host} from '../../host/host.ts';
import {isFollowed, readRunRecord} from '../../job/runs/record.ts';
import {formatDuration} from '../../text/duration.ts';
import {lookAfterRuns} from './follow.ts';

/** How long the process that follows a run may take to complete what is kept of it, in milliseconds. */
const patienceMs = 15_000;
const pauseMs = 250;

/** What the session says of a run. */
export type RunEnd = {ok: boolean; text: string; fix: string};

/**
How a run ended whose container has just stopped; completes what is kept of it when no process follows it.

@param readOnly completes nothing: the next verb that lists boxes does
@returns undefined when that is not known yet, or the container was not a run of the caller
@throws EngineError; errors of the file system
*/
export async function endOfRun(
	host: Host,
	name: string,
	signal: AbortSignal,
	readOnly = false,
): Promise<RunEnd | undefined> {
	for (const end = Date.now() + patienceMs; Date.now() < end; ) {
		const run = readRunRecord(host.paths, name);
		if (run === undefined) {
			return undefined;
		}

		if (run.ended !== null) {
			const {exitCode: code, at, reason} = run.ended;
			const took =
				run.startedAt === null || at === null
					? ''
					: ` after ${formatDuration(Date.parse(at) - Date.parse(run.startedAt))}`;
			return code === null
				? {ok: false, text: `${name} is lost${reason ? `: ${reason}` : ''}`, fix: `gpubox runs show ${name}`}
				: {
						ok: code === 0,
						text: `${name} ended with exit code ${code}${took}${reason ? `: ${reason}` : ''}`,
						fix: code === 0 ? '' : `gpubox logs ${name}`,
					};
		}

		if (!readOnly && !isFollowed(run)) {
			await lookAfterRuns(host, await listBoxes(host, signal), signal);
		}

		await timers.setTimeout(pauseMs, undefined, {signal});
	}

	return undefined;
}
