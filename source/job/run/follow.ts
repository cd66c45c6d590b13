import timers from 'node:timers/promises';
import {type ContainerDetail, type Engine, EngineError, type LogChunk} from '../../engine/engine.ts';
import {watchGpus} from '../../gpu/stream.ts';
import type {Host} from '../../host/host.ts';
import {addReadings, usesOneOfSeveral} from '../runs/gpu-use.ts';
import {LogFile} from '../runs/log-file.ts';
import type {RunRecord} from '../runs/record.ts';

export type FollowOptions = {
	/** Ends the following, not the run. */
	signal: AbortSignal;
	/** Called with all that the run prints. Nothing further is read until it settles. */
	onOutput?: (chunk: LogChunk) => Promise<void>;
	/** Notes for the user, safe to print. */
	onNote?: (text: string) => void;
	/** Between two readings of the cards, in milliseconds. */
	sampleMs?: number;
};

/** What following found out. */
export type Followed = Pick<RunRecord, 'use' | 'logBytes' | 'stopped'> & {
	/** The container as it ended; undefined when it is gone, or the following ended first. */
	detail: ContainerDetail | undefined;
	/** Bytes that are missing in the log. */
	missingBytes: number;
};

/** Milliseconds between two attempts to reach an engine that went away. */
const retryMs = 1000;

/**
Follows a run: keeps its output, reads its cards, stops it when its time is up. Goes on through a restart of the engine. Settles when
the container has ended or is gone, or `signal` aborts.
*/
export async function followRun(
	host: Pick<Host, 'engine' | 'nvidiaSmi'>,
	run: RunRecord & {container: string},
	{signal, onOutput, onNote = () => {}, sampleMs = 5000}: FollowOptions,
): Promise<Followed> {
	const {engine} = host;
	const over = new AbortController();
	const log = new LogFile(run.folder, {empty: run.logBytes === null});
	let seen = run.logBytes ?? 0;
	let {stopped} = run;
	const sampling = sampleCards(host, run, {signal: AbortSignal.any([signal, over.signal]), onNote, sampleMs});
	const ending = waitForEnd(engine, run.container, signal, onNote);
	const reading = readOutput(engine, run.container, {signal, seen}, async (chunk) => {
		seen += chunk.data.length;
		log.append(chunk.data);
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
	return {detail, use: await sampling, stopped, logBytes: seen, missingBytes: log.close()};
}

/** The container once it has ended; undefined when it is gone, or `signal` aborts. */
async function waitForEnd(
	engine: Engine,
	id: string,
	signal: AbortSignal,
	onNote: (text: string) => void = () => {},
): Promise<ContainerDetail | undefined> {
	for (let told = false; !signal.aborted; ) {
		try {
			await engine.waitContainer(id, signal);
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

/** Reads the output from the byte `seen` on, again after the connection was lost. */
async function readOutput(
	engine: Engine,
	id: string,
	{signal, seen}: {signal: AbortSignal; seen: number},
	take: (chunk: LogChunk) => Promise<void>,
): Promise<void> {
	for (let done = seen; !signal.aborted; ) {
		try {
			let skip = done;
			for await (const {stream, data} of engine.logs(id, {follow: true, signal})) {
				const fresh = data.subarray(Math.min(skip, data.length));
				skip -= data.length - fresh.length;
				if (fresh.length > 0) {
					done += fresh.length;
					await take({stream, data: fresh});
				}
			}

			const detail = await engine.inspectContainer(id, signal);
			if (detail?.state !== 'running') {
				return;
			}
		} catch (error) {
			if (isGone(error)) {
				return;
			}

			ignoreEngine(error);
		}

		await pause(signal);
	}
}

async function sampleCards(
	{nvidiaSmi}: Pick<Host, 'nvidiaSmi'>,
	run: RunRecord,
	{signal, onNote, sampleMs}: {signal: AbortSignal; onNote: (text: string) => void; sampleMs: number},
): Promise<RunRecord['use']> {
	let {use} = run;
	if (use.length === 0) {
		return use;
	}

	let told = run.processes !== null;
	await watchGpus(nvidiaSmi, {
		signal,
		intervalMs: sampleMs,
		onNews(news) {
			if (news.kind !== 'frame') {
				return;
			}

			use = addReadings(use, news.frame.samples);
			if (!told && usesOneOfSeveral(use) === true) {
				told = true;
				onNote(
					`The job has ${use.length} GPUs and uses one of them. To use all: gpubox run --nproc auto, which starts it with torchrun`,
				);
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

	// A timer has at most 24 days.
	const longest = 2 ** 31 - 1;
	try {
		for (let left = Date.parse(deadline) - Date.now(); left > 0; left = Date.parse(deadline) - Date.now()) {
			await timers.setTimeout(Math.min(left, longest), undefined, {signal});
		}
	} catch {
		return;
	}

	await stop();
}

function isGone(error: unknown): boolean {
	return error instanceof EngineError && error.code === 'not-found';
}

/** @throws errors that are not the engine's */
function ignoreEngine(error: unknown): void {
	if (!(error instanceof EngineError)) {
		throw error;
	}
}

async function pause(signal: AbortSignal): Promise<void> {
	await timers.setTimeout(retryMs, undefined, {signal}).catch(() => {});
}
