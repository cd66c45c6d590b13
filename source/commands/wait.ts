import timers from 'node:timers/promises';
import {boxOf, needLastRun, needRun} from '../app/runs/find.ts';
import {lookAfterRuns} from '../app/runs/follow.ts';
import {placed, untilEnded} from '../app/runs/places.ts';
import {exitCode, Failure} from '../base/failure.ts';
import {listBoxes} from '../box/list.ts';
import {EngineError} from '../engine/engine.ts';
import {openHost} from '../host/open-host.ts';
import {runJson, stateOf} from '../job/runs/manifest.ts';
import {verbThere} from './follow-there.ts';
import {printJson} from './output/json.ts';

/** Milliseconds between two looks at a run that another process is about to complete. */
const pauseMs = 200;

/**
Waits until a run has ended.

@param words of the verb with its options, for gpubox on the host that has the run
@returns its exit code
@throws Failure: no such run; it is lost
*/
export async function wait(
	named: string | undefined,
	options: {host?: string | undefined; json?: true | undefined},
	words: readonly string[],
	signal: AbortSignal,
): Promise<number> {
	const host = openHost(options);
	const given = named ?? needLastRun(host);
	const there = await verbThere(host, given, words, signal);
	if (there !== undefined) {
		return there;
	}

	let run = needRun(host, given);
	if (placed(run) !== undefined) {
		run = (await untilEnded(host, run.name, signal)) ?? needRun(host, given);
	}

	while (run.ended === null) {
		const boxes = await listBoxes(host, signal);
		const box = boxOf(run, boxes);
		if (box?.state === 'running') {
			try {
				await host.engine.waitContainer(box.id, signal);
			} catch (error) {
				if (!(error instanceof EngineError && error.code === 'not-found')) {
					throw error;
				}
			}
		} else {
			await lookAfterRuns(host, boxes, signal);
		}

		run = needRun(host, run.name);
		if (run.ended === null) {
			// The process that follows it completes it in a moment.
			await timers.setTimeout(pauseMs, undefined, {signal});
		}
	}

	if (options.json) {
		printJson(runJson(run, stateOf(run)));
	}

	if (run.ended.exitCode === null) {
		throw new Failure(`What became of ${run.name} is not known. ${run.ended.reason ?? ''}`, {
			fix: `What it left: ${run.folder}`,
			exitCode: exitCode.failed,
		});
	}

	return run.ended.exitCode;
}
