import {existsSync, fstatSync, readFileSync} from 'node:fs';
import {join, relative} from 'node:path';
import {type LiveRun, planRun, type RunFlags, type StartedRun, startRun} from '../app/runs/run.ts';
import {exitCode, Failure} from '../base/failure.ts';
import type {TakenSignal} from '../base/process/interrupts.ts';
import {toDockerRun} from '../box/plan/docker-run.ts';
import {type Engine, EngineError, type LogChunk} from '../engine/engine.ts';
import type {Host} from '../host/host.ts';
import {openHost} from '../host/open-host.ts';
import type {Completed} from '../job/runs/complete.ts';
import {gpuHoursOf, runJson, stateOf} from '../job/runs/manifest.ts';
import {MissingScript} from '../job/script.ts';
import {formatDuration} from '../text/duration.ts';
import {print} from '../text/print.ts';
import {safeText} from '../text/safe.ts';
import {SafeStream} from '../text/safe-stream.ts';
import {askOnTerminal, inputIsTerminal} from './output/ask-consent.ts';
import {printJson} from './output/json.ts';
import {makeReporter} from './output/up-progress.ts';
import {attendJob} from './run-keys.ts';

export type RunOptions = RunFlags & {
	host?: string | undefined;
	dryRun?: true | undefined;
	json?: true | undefined;
	sync?: true | undefined;
	yes?: true | undefined;
};

/**
@param words of the call, for gpubox on the host that has the engine
@param engine of the host, asked already
@returns the exit code of the command; 0 when the user detached
*/
export async function run(
	options: RunOptions,
	words: () => readonly string[],
	signal: AbortSignal,
	engine?: Engine,
): Promise<number> {
	const host = openHost({host: options.host, engine});
	if (!host.engine.local) {
		const {startThere} = await import('./on-host.ts');
		return startThere(host, options, words(), signal);
	}

	const reporter = makeReporter(process.stderr);
	const front = {
		report: reporter.report,
		signal,
		ask: askOnTerminal(signal),
		asksSecrets: inputIsTerminal(),
	};
	let started: StartedRun;
	try {
		if (options.dryRun) {
			const spec = await planRun(host, options, front);
			reporter.end();
			process.stdout.write(`${toDockerRun(spec, {stays: false})}\n`);
			return exitCode.done;
		}

		if (hasInput()) {
			front.report({
				kind: 'note',
				text: 'A job has no input, so what you redirect to it is not read. Name a file of the project on its command line instead.',
			});
		}

		started = await startRun(host, options, front);
	} catch (error) {
		throw options.dryRun || signal.aborted ? error : await couldNotStart(error, host);
	} finally {
		reporter.end();
	}

	if (options.detach) {
		return leave(started.run, options);
	}

	return attend(host, started, options);
}

/** Whether a file was redirected to it, as by `<`. A pipe may be that of whatever started gpubox, and a file that was read from that of a loop around it. */
function hasInput(): boolean {
	try {
		const info = fstatSync(0);
		return info.isFile() && info.size > 0 && /^pos:\s*0$/m.test(readFileSync('/proc/self/fdinfo/0', 'utf8'));
	} catch {
		// It is closed.
		return false;
	}
}

/** As with docker: whatever kept the command from starting is not the command's own exit code, which may be 1. */
export async function couldNotStart(error: unknown, {engine}: Pick<Host, 'engine'>): Promise<Failure> {
	const {explain} = await import('../host/remedies.ts');
	const known = explain(error, engine.address);
	return known.exitCode !== exitCode.failed || known instanceof MissingScript
		? known
		: new Failure(known.message, {
				fix: known.fix,
				details: known.details,
				exitCode: exitCode.couldNotStartCommand,
				cause: error,
			});
}

/** The run goes on without this process. */
async function leave(run: LiveRun, {host: given, json, detach}: RunOptions): Promise<number> {
	const {followInBackground} = await import('../app/runs/follow.ts');
	followInBackground(run.name, given);
	if (json) {
		printJson(runJson(run, stateOf(run)));
	} else if (detach) {
		process.stdout.write(`${run.name}\n`);
	}

	tell(`${run.name} runs in the background${onGpus(run)}. Follow it: gpubox logs -f ${run.name}`);
	tell(`Its exit code: gpubox wait ${run.name}`);
	return exitCode.done;
}

/** Follows the job in the foreground: its output, the user's keys and signals. */
async function attend(host: Host, {run, box, attached}: StartedRun, options: RunOptions): Promise<number> {
	const stopper = makeStopper(host, run);
	return attendJob(
		{
			stop: stopper.next,
			// The engine would hold the job up until its output is read. The log has it.
			onSuspend: () => attached?.close(),
		},
		async ({leaving, hasKeys, pauseKeys}) => {
			if (process.stderr.isTTY) {
				tell(`${run.name} runs${onGpus(run)}. ${hasKeys ? 'd detaches, Ctrl-C stops it.' : 'Ctrl-C stops it.'}`);
			}

			// Not loaded before the job runs, which would have to wait for it.
			const {followToEnd} = await import('../app/runs/follow.ts');
			const completed = await followToEnd(host, run, box, {
				signal: leaving,
				attached,
				onOutput: outputTo(options, leaving),
				onNote: tell,
			});
			pauseKeys();
			return completed === undefined ? leave(run, {...options, detach: undefined}) : report(completed, options);
		},
	);
}

/** Each signal is stronger than the one before, as with docker and the shells. */
function makeStopper({engine}: Host, run: LiveRun): {next(signal: TakenSignal): void} {
	let level = 0;
	const send = async (what: () => Promise<void>) => {
		try {
			await what();
		} catch (error) {
			// It has ended at this moment.
			if (!(error instanceof EngineError)) {
				throw error;
			}

			if (error.code !== 'conflict' && error.code !== 'not-found' && error.code !== 'aborted') {
				tell(`The job could not be stopped: ${error.message}`);
			}
		}
	};
	const fail = (error: unknown) => {
		throw error;
	};
	return {
		next(signal) {
			// A second SIGTERM, as some schedulers send, takes nothing of its time away.
			if (signal === 'SIGTERM' && level >= 2) {
				return;
			}

			level = signal === 'SIGTERM' ? 2 : level + 1;
			if (level === 1) {
				tell(
					`Sent SIGINT to ${run.name}. Ctrl-C again stops it (SIGTERM, after ${run.stopSeconds} s SIGKILL); d detaches.`,
				);
				send(() => engine.killContainer(run.container, 'SIGINT')).catch(fail);
			} else if (level === 2) {
				tell(`Stopping ${run.name}: it has ${run.stopSeconds} s to end. Ctrl-C again kills it.`);
				send(() => engine.stopContainer(run.container, {timeoutSeconds: run.stopSeconds})).catch(fail);
			} else {
				tell(`Killing ${run.name}.`);
				send(() => engine.killContainer(run.container, 'SIGKILL')).catch(fail);
			}
		},
	};
}

/** Byte for byte, except for what could control a terminal. With --json the job's own output leaves stdout to the object. */
export function outputTo({json}: RunOptions, signal: AbortSignal): (chunk: LogChunk) => Promise<void> {
	const safe = {stdout: new SafeStream(), stderr: new SafeStream()};
	return async ({stream, data}) => {
		const out = stream === 'stderr' || json ? process.stderr : process.stdout;
		if (out.isTTY) {
			terminal.isInLine = data.at(-1) !== lineFeed;
		}

		await print(out, out.isTTY ? safe[stream].push(data) : data, signal).catch((error: unknown) => {
			// Detached: the rest is in the log.
			if (!signal.aborted) {
				throw error;
			}
		});
	};
}

/** Says how a run ended. @returns its exit code @throws Failure when publishing failed */
export function report({run, outcome, reason, notifyProblem}: Completed, {json}: RunOptions): number {
	const {ended, name} = run;
	if (json) {
		printJson(runJson(run, stateOf(run)));
	}

	if (outcome.logMissingBytes > 0) {
		tell(`${outcome.logMissingBytes} bytes of the output are missing in the log of ${name}: it could not be written.`);
	}

	if (notifyProblem !== undefined) {
		tell(`The command of the setting notify failed: ${notifyProblem}.`);
	}

	const code = ended?.exitCode ?? exitCode.failed;
	if (code !== 0) {
		const how =
			ended?.exitCode == null ? 'is lost.' : `ended with exit code ${code}${ended.signal ? ` (${ended.signal})` : ''}.`;
		const fix = reason?.fix || whereToLook(run);
		tell(`gpubox: ${name} ${how}${reason ? ` ${reason.text}` : ''}\n  → ${fix}`);
		return code;
	}

	if (outcome.publish !== null && outcome.publish.exitCode !== 0) {
		const how =
			outcome.publish.exitCode === null ? 'did not finish' : `ended with exit code ${outcome.publish.exitCode}`;
		throw new Failure(`${name} succeeded, but its publish command ${how}.`, {
			fix: `Its output is above. What the run left is in ${shortPath(run.folder)}`,
		});
	}

	if (process.stderr.isTTY) {
		tell(`${name} ended with exit code 0${took(run)}. Kept in ${shortPath(run.folder)}`);
	}

	return code;
}

function whereToLook({name, folder}: Completed['run']): string {
	const notebook = join(folder, 'notebook.ipynb');
	if (existsSync(notebook)) {
		return `Its cells with their outputs: ${shortPath(notebook)}`;
	}

	// On a terminal its output is above.
	return process.stderr.isTTY ? `Kept in ${shortPath(folder)}` : `The end of its log: gpubox logs --tail 50 ${name}`;
}

/** From the current folder, where it is below it. */
function shortPath(path: string): string {
	const way = relative(process.cwd(), path);
	return safeText(way.startsWith('..') ? path : way);
}

/** ` after 3h 12m, 6.4 GPU-hours` */
function took(run: Completed['run']): string {
	if (run.startedAt === null || run.ended?.at == null) {
		return '';
	}

	const hours = gpuHoursOf(run);
	const gpu = hours !== null && hours > 0 ? `, ${hours} GPU-hours` : '';
	return ` after ${formatDuration(Date.parse(run.ended.at) - Date.parse(run.startedAt))}${gpu}`;
}

function onGpus({gpus}: Pick<LiveRun, 'gpus'>): string {
	return gpus.length === 0
		? ' without a GPU'
		: ` on GPU ${gpus.map(({index, uuid}) => (index < 0 ? uuid : index)).join(', ')}`;
}

const lineFeed = 10;

/** Whether the job's output has left the terminal's cursor behind something, as a progress bar does. */
const terminal = {isInLine: false};

function tell(text: string): void {
	process.stderr.write(`${terminal.isInLine && process.stderr.isTTY ? '\n' : ''}${text}\n`);
	terminal.isInLine = false;
}
