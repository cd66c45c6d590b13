import timers from 'node:timers/promises';
import {
	type Attached,
	type ContainerDetail,
	type Engine,
	EngineError,
	isNoEngine,
	type LogChunk,
} from '../../engine/engine.ts';
import type {RunRecord} from '../runs/record.ts';
import {Counter, isAfter, Skipper} from './position.ts';

/** How far the output was taken, of each stream: the engine's log may have the two in another order than they were read in. */
export type Seen = Record<LogChunk['stream'], Counter>;

/** Milliseconds between two attempts to reach an engine that went away. */
const retryMs = 1000;

/** After this time it is looked whether a container whose output has ended still runs, in milliseconds. */
const endsWithinMs = 1000;

/** How much later than its output a container may end: its last process closes both. In milliseconds. */
const sameMomentMs = 250;

/** Up to this length a whole log is read at the end. */
const shortBytes = 256 * 1024;

/** Of a longer one these, in lines. */
const lastLines = 200;

/** What either can take: the engine puts eight bytes before each line, and makes a line of 16 KiB at most. */
const mostBytes = 4 * 1024 * 1024;

/** What is compared of each stream, in bytes. */
const endBytes = 32 * 1024;

export function seenOf({outputRead}: Pick<RunRecord, 'outputRead'>): Seen {
	return {stdout: new Counter(outputRead?.stdout), stderr: new Counter(outputRead?.stderr)};
}

export function toRecord({stdout, stderr}: Seen): Required<Pick<RunRecord, 'outputRead'>> {
	return {outputRead: {stdout: stdout.position, stderr: stderr.position}};
}

/**
Reads the output of a container to its end, or until `signal` aborts: from the connection that was opened before the start, and where that is
missing or lost, from the engine's log after what was seen. Nothing is left out and nothing comes twice.

@param options.seen is counted up before each piece is handed on
@param options.stopped settles when the engine says that it has stopped, before `ending` does
@param options.ending settles with the container as it ended; undefined when it is gone
*/
export async function readOutput(
	engine: Pick<Engine, 'logs' | 'inspectContainer' | 'top'>,
	id: string,
	options: {
		signal: AbortSignal;
		seen: Seen;
		attached: Attached | undefined;
		stopped: Promise<unknown>;
		ending: Promise<ContainerDetail | undefined>;
	},
	take: (chunk: LogChunk) => Promise<void>,
): Promise<void> {
	const {signal, seen, attached, stopped, ending} = options;
	const ends = {stdout: new End(), stderr: new End()};
	let bytes = 0;
	const counted = async (chunk: LogChunk) => {
		seen[chunk.stream].push(chunk.data);
		bytes += chunk.data.length;
		ends[chunk.stream].push(chunk.data);
		await take(chunk);
	};
	if (attached && (await readAttached(attached, signal, counted))) {
		let wanted = true;
		// The engine is asked for both at the same time: how it ended, and for its log.
		const whole = stopped.then(
			() => wanted && logEndsAs(engine, id, {signal, seen, ends, isShort: bytes <= shortBytes}),
		);
		whole.catch(() => {});
		if ((await endedTogether(engine, id, {ending, signal})) && (await whole)) {
			return;
		}

		wanted = false;
	}

	await readLog(engine, id, {signal, seen}, counted);
}

/** @returns whether it ended without an error */
async function readAttached(
	{output, close}: Attached,
	signal: AbortSignal,
	take: (chunk: LogChunk) => Promise<void>,
): Promise<boolean> {
	signal.addEventListener('abort', close);
	if (signal.aborted) {
		close();
	}

	try {
		for await (const chunk of output) {
			if (signal.aborted) {
				return false;
			}

			await take(chunk);
		}

		return true;
	} catch (error) {
		ignoreEngine(error);
		return false;
	} finally {
		signal.removeEventListener('abort', close);
		close();
	}
}

/**
Whether output that has just ended did so because the container did. A connection that was cut between two pieces ends in the same way, but
then processes of it go on, or it ended later than its output. An engine that still writes the log of a container says that it runs.
*/
async function endedTogether(
	engine: Pick<Engine, 'top'>,
	id: string,
	{ending, signal}: {ending: Promise<ContainerDetail | undefined>; signal: AbortSignal},
): Promise<boolean> {
	const outputEnded = Date.now();
	const endedSoon = await Promise.race([
		ending.then(() => true),
		timers.setTimeout(endsWithinMs, false, {signal}).catch(() => false),
	]);
	if (!endedSoon && (await hasProcesses(engine, id, signal))) {
		return false;
	}

	const finishedAt = (await ending)?.finishedAt;
	return finishedAt !== undefined && finishedAt.getTime() - outputEnded <= sameMomentMs;
}

/**
Whether the engine's log of a container that has ended holds nothing after what was seen: a connection that was cut a moment before the end
looks as if the end had closed it. Of a short log it is looked how far it goes, of a longer one only at the last lines: reading all of it would
take longer than the job needed to print it.

@param given.ends what was seen last
*/
async function logEndsAs(
	engine: Pick<Engine, 'logs'>,
	id: string,
	{
		signal,
		seen,
		ends,
		isShort,
	}: {signal: AbortSignal; seen: Seen; ends: Record<LogChunk['stream'], End>; isShort: boolean},
): Promise<boolean> {
	const found = {stdout: {count: new Counter(), end: new End()}, stderr: {count: new Counter(), end: new End()}};
	try {
		for await (const {stream, data} of engine.logs(id, {
			withoutTerminal: true,
			// An answer that is whole needs less code than one that goes on, and the run waits for it.
			mostBytes,
			signal,
			...(isShort ? {} : {tail: lastLines}),
		})) {
			found[stream].count.push(data);
			found[stream].end.push(data);
		}
	} catch (error) {
		ignoreEngine(error);
		// Gone already, or the engine keeps none: there is nothing more to read. Of one that is away, as while it restarts, nothing is known.
		return !isNoEngine(error);
	}

	return (['stdout', 'stderr'] as const).every(
		(stream) =>
			!isAfter(found[stream].count.position, seen[stream].position) &&
			(isShort || ends[stream].endsAs(found[stream].end)),
	);
}

/** The last bytes of a stream. */
class End {
	#parts: Buffer[] = [];
	#length = 0;

	push(data: Buffer): void {
		this.#parts.push(data);
		this.#length += data.length;
		if (this.#length > 2 * endBytes) {
			this.#parts = [Buffer.from(this.#joined())];
			this.#length = endBytes;
		}
	}

	/** Whether the shorter of the two is the end of the longer. @param log what the engine keeps, where a byte may be replaced (position.ts) */
	endsAs(log: End): boolean {
		const [one, two] = [this.#joined(), log.#joined()];
		return isEnd(one, two) || (two.includes('\uFFFD') && isEnd(asciiOf(one), asciiOf(two)));
	}

	#joined(): Buffer {
		return Buffer.concat(this.#parts).subarray(-endBytes);
	}
}

function isEnd(one: Buffer, two: Buffer): boolean {
	const length = Math.min(one.length, two.length);
	return one.subarray(one.length - length).equals(two.subarray(two.length - length));
}

function asciiOf(text: Buffer): Buffer {
	return text.filter((byte) => byte < 0x80) as Buffer;
}

async function hasProcesses(engine: Pick<Engine, 'top'>, id: string, signal: AbortSignal): Promise<boolean> {
	try {
		return (await engine.top(id, signal)).length > 0;
	} catch (error) {
		ignoreEngine(error);
		// That it does not run any more. Of an engine that is away nothing is known.
		return !(error instanceof EngineError && ['conflict', 'not-found', 'failed'].includes(error.code));
	}
}

/** Reads the engine's log after what was seen, again when the connection is lost. */
async function readLog(
	engine: Pick<Engine, 'logs' | 'inspectContainer'>,
	id: string,
	{signal, seen}: {signal: AbortSignal; seen: Seen},
	take: (chunk: LogChunk) => Promise<void>,
): Promise<void> {
	while (!signal.aborted) {
		try {
			const skipping = {stdout: new Skipper(seen.stdout.position), stderr: new Skipper(seen.stderr.position)};
			for await (const {stream, data} of engine.logs(id, {follow: true, signal})) {
				const fresh = skipping[stream].rest(data);
				if (fresh.length > 0) {
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

export function isGone(error: unknown): boolean {
	return error instanceof EngineError && error.code === 'not-found';
}

/** @throws errors that are not the engine's */
export function ignoreEngine(error: unknown): void {
	if (!(error instanceof EngineError)) {
		throw error;
	}
}

export async function pause(signal: AbortSignal): Promise<void> {
	await timers.setTimeout(retryMs, undefined, {signal}).catch(() => {});
}
