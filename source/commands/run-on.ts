import {followInBackground} from '../app/runs/follow.ts';
import {type PlaceFlags, planPlaced, startPlaced} from '../app/runs/place-start.ts';
import {followPlacedToEnd} from '../app/runs/places.ts';
import {exitCode, Failure} from '../base/failure.ts';
import {timerMs} from '../base/longest-timer.ts';
import type {TakenSignal} from '../base/process/interrupts.ts';
import {openHost} from '../host/open-host.ts';
import type {PlacedRun} from '../job/place/follow.ts';
import {type Ending, type JobState, NoAnswer, type Place} from '../job/place/place.ts';
import {isPlaceName, placeNames} from '../job/place/place-names.ts';
import {runJson, stateOf} from '../job/runs/manifest.ts';
import {safeText} from '../text/safe.ts';
import {askOnTerminal} from './output/ask-consent.ts';
import {printJson} from './output/json.ts';
import {printFile} from './output/print-file.ts';
import {makeReporter} from './output/up-progress.ts';
import {couldNotStart, outputTo, type RunOptions, report} from './run.ts';
import {attendJob} from './run-keys.ts';

export type RunOnOptions = RunOptions & Omit<PlaceFlags, 'on' | 'host' | 'command'> & {on: string};

/**
`gpubox run --on`: a job on a place that is not this host's engine.

@returns the exit code of the command; 0 when the user detached
@throws Failure
*/
export async function runOn({on, ...options}: RunOnOptions, signal: AbortSignal): Promise<number> {
	if (!isPlaceName(on)) {
		throw new Failure(`Unknown place: --on ${safeText(on)}.`, {
			fix: `Places: ${placeNames.join(', ')}`,
			exitCode: exitCode.usage,
		});
	}

	const flags: PlaceFlags = {...options, on};
	// Its engine is not asked anything: only folders and the user are needed.
	const host = openHost({});
	const reporter = makeReporter(process.stderr);
	const front = {
		report: reporter.report,
		signal,
		ask: askOnTerminal(signal),
		asksSecrets: false,
	};
	let run: PlacedRun;
	let place: Place;
	try {
		const plan = await planPlaced(host, flags, front);
		place = plan.place;
		if (options.dryRun) {
			reporter.end();
			printFile(plan.exported.files[0].text);
			return exitCode.done;
		}

		run = await startPlaced(host, plan, flags, front);
	} catch (error) {
		throw options.dryRun || signal.aborted ? error : await couldNotStart(error, host);
	} finally {
		reporter.end();
	}

	return options.detach ? leave(run, options) : attend(host, place, run, options);
}

/** The job goes on without this process. */
function leave(run: PlacedRun, {json, detach}: RunOptions): number {
	followInBackground(run.name, undefined);
	if (json) {
		printJson(runJson(run, stateOf(run)));
	} else if (detach) {
		process.stdout.write(`${run.name}\n`);
	}

	tell(`${run.name} is job ${run.on.id} of ${run.on.place}. Follow it: gpubox logs -f ${run.name}`);
	tell(`Its exit code: gpubox wait ${run.name}`);
	return exitCode.done;
}

/** Follows the job in the foreground: its output, the user's keys and signals. */
async function attend(
	host: ReturnType<typeof openHost>,
	place: Place,
	run: PlacedRun,
	options: RunOptions,
): Promise<number> {
	const stopper = makeStopper(place, run);
	try {
		return await attendJob({stop: stopper.next}, async ({leaving, hasKeys, pauseKeys}) => {
			tell(
				`${run.name} is job ${run.on.id} of ${run.on.place}. ${hasKeys ? 'd detaches, Ctrl-C stops it.' : 'Ctrl-C stops it.'}`,
			);
			const completed = await followPlacedToEnd(host, place, run, {
				signal: leaving,
				onOutput: outputTo(options, leaving),
				onNote: tell,
				onState: stopper.see,
			});
			pauseKeys();
			return completed === undefined ? leave(run, {...options, detach: undefined}) : report(completed, options);
		});
	} finally {
		stopper.over();
	}
}

/** Each signal is stronger than the one before, as on this host. A job that waits is cancelled by the first one. */
function makeStopper(
	place: Place,
	{name, on, stopSeconds}: PlacedRun,
): {next(signal: TakenSignal): void; see(state: JobState): void; over(): void} {
	let level = 0;
	let waits = true;
	let timer: NodeJS.Timeout | undefined;
	const send = (ending: Ending) => {
		place.end(on.id, ending).catch((error: unknown) => {
			if (!(error instanceof NoAnswer)) {
				throw error;
			}

			tell(`The job could not be stopped: ${safeText(error.message)}`);
		});
	};
	return {
		see(state) {
			waits = state.kind === 'waiting';
		},
		over() {
			clearTimeout(timer);
		},
		next(signal) {
			if (waits) {
				tell(`Cancelling ${name}.`);
				send('cancel');
				return;
			}

			if (signal === 'SIGTERM' && level >= 2) {
				return;
			}

			level = signal === 'SIGTERM' || !place.sendsSignals ? Math.max(2, level + 1) : level + 1;
			if (level > 2 && !place.sendsSignals) {
				tell(`${name} is being stopped. ${place.name} gives it its time, ${stopSeconds} s at most.`);
			} else if (level === 1) {
				tell(`Sent SIGINT to ${name}. Ctrl-C again stops it (SIGTERM, after ${stopSeconds} s SIGKILL); d detaches.`);
				send('interrupt');
			} else if (level === 2) {
				tell(`Stopping ${name}: it has ${stopSeconds} s to end.${place.sendsSignals ? ' Ctrl-C again kills it.' : ''}`);
				send('terminate');
				timer = setTimeout(() => send('end'), timerMs(stopSeconds));
			} else {
				tell(`Killing ${name}.`);
				send('kill');
			}
		},
	};
}

function tell(text: string): void {
	process.stderr.write(`${text}\n`);
}
