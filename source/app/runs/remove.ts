import timers from 'node:timers/promises';
import type {Diagnostic} from '../../base/failure.ts';
import type {Box} from '../../box/box.ts';
import {listBoxes} from '../../box/list.ts';
import {removeBox} from '../../box/up/remove-box.ts';
import {EngineError} from '../../engine/engine.ts';
import type {Host} from '../../host/host.ts';
import {isFollowed, readRunRecord} from '../../job/runs/record.ts';
import {lookAfterRuns} from './follow.ts';

/** How long the process that follows a run may take to complete what is kept of it, in milliseconds. */
const patienceMs = 10_000;
const pauseMs = 100;

/**
Kills a job and removes its container. What is kept of the run is completed first, so that its log is not lost. Its folder stays.

@returns as `removeBox`
@throws EngineError; errors of the file system
*/
export async function removeJob(host: Host, box: Box, signal: AbortSignal): Promise<Diagnostic | undefined> {
	if (box.state === 'running' || box.state === 'paused') {
		await host.engine.killContainer(box.id, 'SIGKILL').catch((error: unknown) => {
			// It has ended at this moment.
			if (!(error instanceof EngineError && (error.code === 'conflict' || error.code === 'not-found'))) {
				throw error;
			}
		});
	}

	for (const end = Date.now() + patienceMs; Date.now() < end; ) {
		const run = readRunRecord(host.paths, box.name);
		if (run === undefined || run.ended !== null) {
			break;
		}

		if (!isFollowed(run)) {
			await lookAfterRuns(host, await listBoxes(host, signal), signal);
		}

		await timers.setTimeout(pauseMs, undefined, {signal});
	}

	return removeBox(host, box);
}
