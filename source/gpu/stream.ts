import {setTimeout as pause} from 'node:timers/promises';
import {createBackoff} from '../base/backoff.ts';
import {queryArguments, streamFields, withoutField} from './fields.ts';
import {FrameBuilder} from './frames.ts';
import type {GpuFrame, GpuProblem, NvidiaSmi, StreamNews} from './gpu.ts';
import {rejectedField} from './parse.ts';
import {findProblems, noAnswer, problemOfLine, type SmiEnd, unreadable, waking} from './problems.ts';
import {defaultTimeoutMs, slowMs, startSmi} from './smi/child.ts';

/** All in milliseconds. */
type StreamTiming = {
	/** Silence after which a frame with all its rows is published. */
	gapMs: number;
	/** After this long without a first line the user is told that the driver is waking up. */
	slowMs: number;
	/** How long the first line may take: without persistence mode the driver wakes up first, and sleeps again when it is not waited for. */
	startMs: number;
	/** How long it may stay silent later before that is reported: the figures shown are old. */
	silenceMs: number;
	/** How long it may stay silent before it is ended and started again. */
	restartAfterMs: number;
	/** How long it may print only what cannot be read before that is reported. */
	unreadableMs: number;
	/** The wait before the first restart; doubled for each further one in a row that gave no frame. */
	restartMs: number;
	longestRestartMs: number;
};

export type WatchOptions = {
	signal: AbortSignal;
	/** Must not throw. */
	onNews: (news: StreamNews) => void;
	/** How often the driver is asked. 1000 unless set: more often keeps the cards from their deepest idle state. */
	intervalMs?: number;
	/**
	How many GPUs the inventory lists, once it is known: the first frame then need not wait for the second tick. Zero is not
	waited for.
	*/
	gpuCount?: number | Promise<number>;
	timing?: Partial<StreamTiming>;
};

function timingFor(intervalMs: number, given: Partial<StreamTiming> = {}): StreamTiming {
	return {
		gapMs: Math.min(10, intervalMs / 4),
		slowMs,
		startMs: Math.max(defaultTimeoutMs, 3 * intervalMs),
		silenceMs: Math.max(3000, 3 * intervalMs),
		restartAfterMs: Math.max(60_000, 10 * intervalMs),
		unreadableMs: Math.max(2000, 2 * intervalMs),
		restartMs: Math.max(1000, intervalMs),
		longestRestartMs: 30_000,
		...given,
	};
}

/** In a tenth of a second: eight times what 64 cards print at the shortest interval that makes sense. */
const linesPerWindow = 512;

type Outcome =
	| {kind: 'ended'; end: SmiEnd; messages: readonly string[]}
	| {kind: 'silent'; afterMs: number; stuck: boolean; gone: Promise<unknown>}
	| {kind: 'aborted'};

type Life = {
	fields: readonly string[];
	gpuCount: number | Promise<number> | undefined;
	intervalMs: number;
	timing: StreamTiming;
	signal: AbortSignal;
	onTick: (tick: GpuFrame) => void;
	/** It is silent, and is waited for. */
	onQuiet: (problem: GpuProblem) => void;
};

/**
Two alarms over a child that prints nothing: one to say so, one to give it up. Both times in milliseconds from the latest `watch` on.

@param count how many lines there were so far
*/
function watchSilence(
	count: () => number,
	{onQuiet, onSilent}: {onQuiet: (afterMs: number) => void; onSilent: (afterMs: number) => void},
) {
	let quiet: NodeJS.Timeout | undefined;
	let silent: NodeJS.Timeout | undefined;
	let stopped = false;
	// When gpubox itself was stopped (Ctrl-Z), timers are due before the lines that wait in the pipe are read.
	const unlessLines = (act: () => void) => {
		const before = count();
		setImmediate(() => {
			if (count() === before && !stopped) {
				act();
			}
		});
	};

	return {
		watch(quietMs: number, longestMs: number) {
			clearTimeout(quiet);
			clearTimeout(silent);
			quiet = setTimeout(() => unlessLines(() => onQuiet(quietMs)), quietMs);
			silent = setTimeout(() => unlessLines(() => onSilent(longestMs)), longestMs);
		},
		stop() {
			stopped = true;
			clearTimeout(quiet);
			clearTimeout(silent);
		},
	};
}

/** One life of the child, from start to end. */
async function runOnce(
	smi: NvidiaSmi,
	{fields, gpuCount, intervalMs, timing, signal, onTick, onQuiet}: Life,
): Promise<Outcome> {
	const builder = new FrameBuilder(fields, typeof gpuCount === 'number' ? gpuCount : undefined);
	const stopped = Promise.withResolvers<Outcome>();
	let lines = 0;
	let gap: NodeJS.Timeout | undefined;
	let unreadable: NodeJS.Timeout | undefined;

	const silence = watchSilence(() => lines, {
		onQuiet: (quietMs) => onQuiet(lines === 0 ? waking() : noAnswer(quietMs / 1000, {stuck: false})),
		onSilent: (longestMs) => stopped.resolve({kind: 'silent', afterMs: longestMs, stuck: false, gone: child.ended}),
	});

	let over = false;
	const publishSoon = () => {
		clearTimeout(gap);
		if (builder.ready) {
			gap = setTimeout(() => onTick(builder.publish()), timing.gapMs);
		}
	};

	const watchForRows = () => {
		if (!builder.onlyUnreadable) {
			clearTimeout(unreadable);
			unreadable = undefined;
		} else {
			unreadable ??= setTimeout(() => {
				unreadable = undefined;
				if (builder.onlyUnreadable) {
					onTick(builder.publish());
				}
			}, timing.unreadableMs);
		}
	};

	let watchedAt = Number.NEGATIVE_INFINITY;
	const child = startSmi(
		smi,
		[...queryArguments(fields), '-lms', String(intervalMs)],
		(line) => {
			lines++;
			// Setting a timer for every line of a flood would be the most expensive part of it.
			// Not `performance.now()`, for which Node loads eight modules.
			const now = process.uptime() * 1000;
			if (now - watchedAt > 5) {
				watchedAt = now;
				silence.watch(timing.silenceMs, timing.restartAfterMs);
			}

			const complete = builder.add(line);
			if (complete) {
				onTick(complete);
			}

			publishSoon();
			watchForRows();
		},
		{linesPerWindow, onLeftOut: () => builder.leftOut()},
	);
	if (gpuCount instanceof Promise) {
		// A failure is reported to the one who asked for the inventory; here it only means to wait for the second tick.
		gpuCount.then(
			(count) => {
				if (count > 0 && !over) {
					builder.expect(count);
					publishSoon();
				}
			},
			() => {},
		);
	}

	const onAbort = () => stopped.resolve({kind: 'aborted'});
	signal.addEventListener('abort', onAbort);
	silence.watch(timing.slowMs, timing.startMs);

	let outcome: Outcome;
	let gone = true;
	try {
		const ended = child.ended.then((end): Outcome => ({kind: 'ended', end, messages: builder.messages}));
		outcome = await Promise.race([ended, stopped.promise]);
		// Nothing more will come, so the last frame is as complete as it gets. Not so when it hangs: then the cards that
		// it did not get to are not lost.
		const cardLost = builder.messages.some((message) => problemOfLine(message)?.code === 'gpu-lost');
		if (outcome.kind === 'ended' && (builder.unpublished > 0 || cardLost)) {
			onTick(builder.publish());
		}
	} finally {
		over = true;
		clearTimeout(gap);
		silence.stop();
		clearTimeout(unreadable);
		signal.removeEventListener('abort', onAbort);
		gone = await child.kill();
	}

	return outcome.kind === 'silent' ? {...outcome, stuck: !gone} : outcome;
}

/**
Reads all GPUs at every interval from one long-lived nvidia-smi: a process for each tick would start the driver each time
where persistence mode is off. When it ends or falls silent it is started again, ever more slowly while it prints no
reading. Settles after the signal is aborted and the child is gone; what goes wrong is reported as a problem, never thrown.
*/
export async function watchGpus(smi: NvidiaSmi, options: WatchOptions): Promise<void> {
	const {signal, onNews, intervalMs = 1000} = options;
	const timing = timingFor(intervalMs, options.timing);
	let {gpuCount} = options;
	let fields: readonly string[] = streamFields;
	const backoff = createBackoff({firstMs: timing.restartMs, longestMs: timing.longestRestartMs});
	let reported = '';

	const report = (problem: GpuProblem | undefined) => {
		const text = problem === undefined ? '' : JSON.stringify(problem);
		if (text !== reported) {
			reported = text;
			onNews({kind: 'problem', problem});
		}
	};

	let known = 0;
	if (gpuCount instanceof Promise) {
		gpuCount.then(
			(count) => {
				known ||= count;
			},
			() => {},
		);
	} else {
		known = gpuCount ?? 0;
	}

	const onTick = (read: GpuFrame) => {
		const tick = {...read, at: Date.now()};
		const {samples, messages} = tick;
		if (tick.unreadable !== true) {
			gpuCount = samples.length;
			known = samples.length;
		}

		if (samples.length > 0 || tick.unreadable !== true) {
			backoff.reset();
		}

		onNews({kind: 'frame', frame: tick});
		const gap = tick.unreadable === true && samples.length < Math.max(known, 1);
		report(
			messages.map(problemOfLine).find((problem) => problem !== undefined) ??
				(gap ? unreadable({some: samples.length > 0}) : undefined),
		);
	};

	while (!signal.aborted) {
		const outcome = await runOnce(smi, {fields, gpuCount, intervalMs, timing, signal, onTick, onQuiet: report});
		if (outcome.kind === 'aborted') {
			return;
		}

		if (outcome.kind === 'silent') {
			report(noAnswer(outcome.afterMs / 1000, outcome));
			// What SIGKILL cannot end hangs in the driver: another one would only hang beside it.
			await untilAborted(outcome.gone, signal);
		} else {
			const rejected = rejectedField(outcome.messages.join('\n'));
			const fewer = rejected === undefined ? undefined : withoutField(fields, rejected);
			if (fewer) {
				fields = fewer;
				continue;
			}

			const [problem] = findProblems(outcome.messages, outcome.end);
			if (problem) {
				// With an exit code of 0 this is not a fault but the output of some other program.
				report(problem.code === 'unknown' && outcome.end.exitCode === 0 ? unreadable() : problem);
			}
		}

		await pause(backoff.next(), undefined, {signal}).catch(() => {});
	}
}

async function untilAborted(promise: Promise<unknown>, signal: AbortSignal): Promise<void> {
	const aborted = Promise.withResolvers<void>();
	const onAbort = () => aborted.resolve();
	signal.addEventListener('abort', onAbort);
	if (!signal.aborted) {
		await Promise.race([promise, aborted.promise]);
	}

	signal.removeEventListener('abort', onAbort);
}
