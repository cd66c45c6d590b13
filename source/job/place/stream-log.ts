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
	let seen = from;
	const pieces = async function* (follow: boolean, until: AbortSignal): AsyncGenerator<LogChunk> {
		let skip = seen;
		for await (const {stream, data} of open(follow, until)) {
			const fresh = data.subarray(Math.min(skip, data.length));
			skip -= data.length - fresh.length;
			if (fresh.length > 0) {
				seen += fresh.length;
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
