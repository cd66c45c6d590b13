import timers from 'node:timers/promises';
import type {LogChunk} from '../../engine/engine.ts';

/** After the end of a job, its log is complete when nothing has come for so long, in milliseconds. */
const quietMs = 700;
/** A node that is gone gives no log, and whoever asks it goes on waiting. In milliseconds. */
const lastMs = 4000;
const againMs = 1000;

export type LogWish = {from: number; over: AbortSignal; signal: AbortSignal};

/**
A log that a place can follow or give at once, always from its beginning: from the byte `from` on. After the end it is read once more,
because a stream does not end with its job everywhere.

@param open starts reading; its signal ends it without an error
*/
export async function* readStreamedLog(
	open: (follow: boolean, signal: AbortSignal) => AsyncIterable<LogChunk>,
	{from, over, signal}: LogWish,
): AsyncGenerator<LogChunk> {
	// Of each stream, because places mix the two in another order each time. What an earlier process has read is only known as a sum.
	const seen = {stdout: 0, stderr: 0};
	let before = from;
	const pieces = async function* (follow: boolean, until: AbortSignal): AsyncGenerator<LogChunk> {
		const skip = {...seen};
		for await (const {stream, data} of open(follow, until)) {
			const known = Math.min(skip[stream], data.length);
			skip[stream] -= known;
			const earlier = Math.min(before, data.length - known);
			before -= earlier;
			const fresh = data.subarray(known + earlier);
			seen[stream] += earlier + fresh.length;
			if (fresh.length > 0) {
				yield {stream, data: fresh};
			}
		}
	};

	while (!over.aborted && !signal.aborted) {
		const quiet = quietAfter(over, quietMs);
		for await (const piece of pieces(true, AbortSignal.any([signal, quiet.signal]))) {
			yield piece;
			quiet.heard();
		}

		quiet.end();
		await timers.setTimeout(againMs, undefined, {signal: AbortSignal.any([signal, over])}).catch(() => {});
	}

	const quiet = quietAfter(over, lastMs);
	yield* pieces(false, AbortSignal.any([signal, quiet.signal]));
	quiet.end();
}

/** A signal that aborts when nothing was heard for a while after `over`. */
function quietAfter(over: AbortSignal, silenceMs: number): {signal: AbortSignal; heard(): void; end(): void} {
	const quiet = new AbortController();
	let timer: NodeJS.Timeout | undefined;
	const start = () => {
		clearTimeout(timer);
		timer = setTimeout(() => quiet.abort(), silenceMs);
	};
	if (over.aborted) {
		start();
	} else {
		over.addEventListener('abort', start, {once: true});
	}

	return {
		signal: quiet.signal,
		heard() {
			if (over.aborted) {
				start();
			}
		},
		end() {
			clearTimeout(timer);
			over.removeEventListener('abort', start);
		},
	};
}
