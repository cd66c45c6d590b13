import {type ChildProcessByStdio, spawn} from 'node:child_process';
import type {Readable} from 'node:stream';
import {endGroup, ownGroup, signalGroup} from '../../base/process/process-group.ts';
import type {NvidiaSmi} from '../gpu.ts';
import type {SmiEnd} from '../problems.ts';
import {Intake} from './intake.ts';
import {isWsl, locate} from './locate.ts';

// A process that nvidia-smi left behind can hold its pipe open for ever: after its end, no more than this is waited.
const pipeGraceMs = 300;

/** A running nvidia-smi. */
export type SmiChild = {
	/** Settles when it has ended and all that it printed was handed over; never rejects. */
	ended: Promise<SmiEnd>;
	/**
	Ends it and all that it started; nothing more is handed over. Settles when it is gone or, after a second, when it
	cannot be ended: it then keeps gpubox from nothing, and `ended` still tells when it goes.

	@returns whether it is gone
	*/
	kill(): Promise<boolean>;
};

/**
Starts nvidia-smi and hands over what it prints line by line, stdout and stderr alike: on which of them a fault is told
differs between drivers. Failing to start is told by `ended`.

@param flood what to do with more lines than one would look at: 64 cards print 64 of them at each tick
*/
export function startSmi(
	smi: NvidiaSmi,
	arguments_: readonly string[],
	onLine: (line: string) => void,
	flood: {linesPerWindow: number; onLeftOut: () => void},
): SmiChild {
	if (smi.unreachable !== undefined) {
		return {
			ended: Promise.resolve({exitCode: null, unreachable: smi.unreachable}),
			kill: async () => true,
		};
	}

	let child: ChildProcessByStdio<null, Readable, Readable>;
	const {file, environment} = smi.local ? locate(smi.file, smi.environment) : smi;
	// Only a failure needs to know it: its remedy is another where Windows has the driver.
	const endOf = (end: SmiEnd): SmiEnd => (end.exitCode !== 0 && smi.local && isWsl() ? {...end, wsl: true} : end);
	try {
		child = spawn(file, [...smi.arguments, ...arguments_], {
			// Without it numbers and messages follow the user's language.
			env: {...environment, LC_ALL: 'C'},
			stdio: ['ignore', 'pipe', 'pipe'],
			// A process group of its own, so that what nvidia-smi (or a wrapper, or ssh) started ends with it.
			detached: true,
		});
	} catch (error) {
		// Such as a file name with a NUL in it.
		return {
			ended: Promise.resolve(endOf({exitCode: null, startError: startError(smi, error)})),
			kill: async () => true,
		};
	}

	ownGroup(child);
	let killed = false;
	const streams = [child.stdout, child.stderr];
	const intake = new Intake(streams, {
		onLine(line) {
			if (!killed) {
				onLine(line);
			}
		},
		...flood,
	});

	const drop = () => {
		intake.stop();
		for (const stream of streams) {
			stream.destroy();
		}
	};

	const ended = new Promise<SmiEnd>((resolve) => {
		child.once('error', (error) => {
			// Also emitted when a signal could not be sent; then the process is there, and its end is still to come.
			if (child.pid === undefined) {
				drop();
				resolve(endOf({exitCode: null, startError: startError(smi, error)}));
			}
		});
		child.once('exit', (exitCode) => {
			const grace = setTimeout(
				() => {
					drop();
					signalGroup(child, 'SIGKILL');
					resolve(endOf({exitCode}));
				},
				killed ? 0 : pipeGraceMs,
			);
			child.once('close', () => {
				clearTimeout(grace);
				resolve(endOf({exitCode}));
			});
		});
	});

	return {
		ended,
		async kill() {
			killed = true;
			drop();
			await endGroup(child);
			return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
		},
	};
}

/** That ssh is missing here says nothing about nvidia-smi there. */
function startError({file, local}: NvidiaSmi, error: unknown): string {
	return local ? codeOf(error) : `${file}: ${codeOf(error)}`;
}

function codeOf(error: unknown): string {
	return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : String(error);
}

/** What nvidia-smi answered. */
export type SmiAnswer = {
	lines: string[];
	end: SmiEnd;
	/** It was ended because it took too long; `stuck`: it could not even be ended. */
	timedOut: boolean;
	stuck: boolean;
	/** It was ended because it printed more than any answer has. */
	flooded: boolean;
};

/** Lines and characters of an answer. The longest real one lists the processes of a whole host. */
const longestAnswer = {lines: 20_000, characters: 4 * 1024 * 1024};

export type RunOptions = {
	signal?: AbortSignal;
	/**
	Two minutes unless told: without persistence mode the first call wakes the driver, which takes half a minute with many cards. Ended
	before, the driver falls asleep again.
	*/
	timeoutMs?: number;
};

export const defaultTimeoutMs = 120_000;

/** Milliseconds after which the user is told what is waited for. An awake driver answers in one second. */
export const slowMs = 5000;

/** Runs nvidia-smi to its end. Throws only the reason of the signal. */
export async function runSmi(
	smi: NvidiaSmi,
	arguments_: readonly string[],
	{signal, timeoutMs = defaultTimeoutMs}: RunOptions = {},
): Promise<SmiAnswer> {
	signal?.throwIfAborted();
	const lines: string[] = [];
	let characters = 0;
	const overdue = Promise.withResolvers<'timeout' | 'aborted' | 'flood'>();
	const tooMuch = () => overdue.resolve('flood');
	const child = startSmi(
		smi,
		arguments_,
		(line) => {
			characters += line.length;
			if (lines.length >= longestAnswer.lines || characters > longestAnswer.characters) {
				tooMuch();
			} else {
				lines.push(line);
			}
		},
		{linesPerWindow: longestAnswer.lines, onLeftOut: tooMuch},
	);
	const timer = setTimeout(() => overdue.resolve('timeout'), timeoutMs);
	const slow = setTimeout(() => smi.onSlow?.(), slowMs);
	const onAbort = () => overdue.resolve('aborted');
	signal?.addEventListener('abort', onAbort);
	try {
		const outcome = await Promise.race([child.ended, overdue.promise]);
		if (typeof outcome === 'object') {
			return {lines, end: outcome, timedOut: false, stuck: false, flooded: false};
		}

		const gone = await child.kill();
		signal?.throwIfAborted();
		return {
			lines,
			end: {exitCode: null},
			timedOut: outcome === 'timeout',
			stuck: !gone,
			flooded: outcome === 'flood',
		};
	} finally {
		clearTimeout(timer);
		clearTimeout(slow);
		signal?.removeEventListener('abort', onAbort);
	}
}
