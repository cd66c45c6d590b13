import timers from 'node:timers/promises';
import {longestTimerMs} from '../../base/longest-timer.ts';
import type {Attached, ContainerDetail, Engine, LogChunk} from '../../engine/engine.ts';
import {watchGpus} from '../../gpu/stream.ts';
import type {Host} from '../../host/host.ts';
import {addReadings, adviceOf} from '../runs/gpu-use.ts';
import {LogFile} from '../runs/log-file.ts';
import type {RunRecord} from '../runs/record.ts';
import {ignoreEngine, isGone, pause, readOutput, seenOf, toRecord} from './output.ts';

export type FollowOptions = {
	/** Ends the following, not the run. */
	signal: AbortSignal;
	/** Its output, connected before it was started. */
	attached?: Attached | undefined;
	/** Called with all that the run prints. Nothing further is read until it settles. */
	onOutput?: (chunk: LogChunk) => Promise<void>;
	/** Notes for the user, safe to print. */
	onNote?: (text: string) => void;
	/** Called when the use of its cards is worth keeping before it ends: it says what `adviceOf` tells. */
	onUse?: (use: RunRecord['use']) => void;
	/** Between two readings of the cards, in milliseconds. */
	sampleMs?: number;
};

/** What following found out. */
export type Followed = Pick<RunRecord, 'use' | 'outputRead' | 'stopped'> & {
	/** The container as it ended; undefined when it is gone, or the following ended first. */
	detail: ContainerDetail | undefined;
	/** Bytes that are missing in the log. */
	missingBytes: number;
};

/**
Follows a run: keeps its output, reads its cards, stops it when its time is up. Goes on through a restart of the engine. Settles when
the container has ended or is gone, or `signal` aborts.
*/
export async function followRun(
	host: Pick<Host, 'engine' | 'nvidiaSmi'>,
	run: RunRecord & {container: string},
	{signal, attached, onOutput, onNote = () => {}, onUse = () => {}, sampleMs = 5000}: FollowOptions,
): Promise<Followed> {
	const {engine} = host;
	const over = new AbortController();
	const log = new LogFile(run.folder, {empty: run.logBytes === null});
	let {stopped} = run;
	const sampling = sampleCards(host, run, {
		signal: AbortSignal.any([signal, over.signal]),
		sampleMs,
		onAdvice(text, use) {
			onUse(use);
			onNote(text);
		},
	});
	const stop = Promise.withResolvers<void>();
	const ending = waitForEnd(engine, run.container, {signal, onNote, onStopped: stop.resolve}).finally(stop.resolve);
	const seen = seenOf(run);
	const options = {signal, seen, attached, stopped: stop.promise, ending};
	const reading = readOutput(engine, run.container, options, async (chunk) => {
		log.append(chunk);
		await onOutput?.(chunk);
	});
	const deadline = stopAt(run, over.signal, async () => {
		stopped = 'timeout';
		onNote('The time of --timeout is up: the job is being stopped.');
		await engine.stopContainer(run.container, {timeoutSeconds: run.stopSeconds, signal}).catch(ignoreEngine);
	});
	const detail = await ending;
	// However slowly it is read: nothing of it is left out.
	await reading;
	over.abort();
	await deadline;
	return {detail, use: await sampling, stopped, ...toRecord(seen), missingBytes: log.close()};
}

/** The container once it has ended; undefined when it is gone, or `signal` aborts. */
async function waitForEnd(
	engine: Engine,
	id: string,
	{signal, onNote, onStopped}: {signal: AbortSignal; onNote: (text: string) => void; onStopped: () => void},
): Promise<ContainerDetail | undefined> {
	for (let told = false; !signal.aborted; ) {
		try {
			await engine.waitContainer(id, signal);
			onStopped();
			const detail = await engine.inspectContainer(id, signal);
			if (
				detail === undefined ||
				(detail.state !== 'running' && detail.state !== 'paused' && detail.state !== 'restarting')
			) {
				return detail;
			}
		} catch (error) {
			if (isGone(error)) {
				return undefined;
			}

			ignoreEngine(error);
			if (!told && !signal.aborted) {
				onNote('The engine does not answer. The job may go on; waiting for the engine.');
				told = true;
			}
		}

		await pause(signal);
	}

	return undefined;
}

async function sampleCards(
	{nvidiaSmi}: Pick<Host, 'nvidiaSmi'>,
	run: RunRecord,
	{
		signal,
		sampleMs,
		onAdvice,
	}: {signal: AbortSignal; sampleMs: number; onAdvice: (text: string, use: RunRecord['use']) => void},
): Promise<RunRecord['use']> {
	let {use} = run;
	if (use.length === 0) {
		return use;
	}

	let told = false;
	await watchGpus(nvidiaSmi, {
		signal,
		intervalMs: sampleMs,
		onNews(news) {
			if (news.kind !== 'frame') {
				return;
			}

			use = addReadings(use, news.frame.samples);
			const advice = told ? undefined : adviceOf({...run, use});
			if (advice !== undefined) {
				told = true;
				onAdvice(advice, use);
			}
		},
	});
	return use;
}

/** Settles when it was stopped, or `signal` aborts. */
async function stopAt(
	{deadline}: Pick<RunRecord, 'deadline'>,
	signal: AbortSignal,
	stop: () => Promise<void>,
): Promise<void> {
	if (deadline === null) {
		return;
	}

	try {
		for (let left = Date.parse(deadline) - Date.now(); left > 0; left = Date.parse(deadline) - Date.now()) {
			await timers.setTimeout(Math.min(left, longestTimerMs), undefined, {signal});
		}
	} catch {
		return;
	}

	await stop();
}
