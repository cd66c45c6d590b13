import {heed} from '../../../base/abortable.ts';
import type {Engine, LogOptions} from '../../../engine/engine.ts';
import {createPacer} from '../pacer.ts';
import {createLineReader} from './text/log-lines.ts';
import type {LogRange} from './text/log-range.ts';

/** A line as it was read. `time` in microseconds since 1970. */
export type Read = {text: string; time: number};

/** Where a log is read from, and which of its lines count. */
export type LogOf = {
	engine: Engine;
	id: string;
	range: LogRange;
	/** Undefined where all do: then the engine can be asked for lines by their number from the end. */
	accept: ((line: string) => boolean) | undefined;
	signal: AbortSignal;
};

type From = Pick<LogOptions, 'tail' | 'since'>;

/** The lines of a log as it is now from one place on, as they come, letting keys have their turn. */
export async function* linesOf({engine, id, range, signal}: LogOf, from: From): AsyncGenerator<Read[]> {
	const pace = createPacer();
	let lines: Read[] = [];
	const reader = createLineReader((data, begin, end, time) =>
		lines.push({text: data.toString('utf8', begin, end), time: Number.isNaN(time) ? 0 : time}),
	);
	const since = from.since ?? range.since;
	const chunks = engine.logs(id, {
		timestamps: true,
		lent: true,
		signal,
		...(from.tail === undefined ? {} : {tail: from.tail}),
		...(since === undefined ? {} : {since}),
		...(range.until === undefined ? {} : {until: range.until}),
	});
	const iterator = chunks[Symbol.asyncIterator]();
	try {
		for (;;) {
			const item = await heed(iterator.next(), signal);
			if (item.done === true) {
				reader.end();
			} else {
				reader.push(item.value);
			}

			yield lines;
			lines = [];
			if (item.done === true) {
				return;
			}

			await pace(signal);
		}
	} finally {
		// Ends the question, which may not be over yet; one that does not react is not waited for.
		await Promise.race([iterator.return?.(), Promise.resolve()]);
	}
}

/** Returned by what takes lines when it wants no more. */
const enough = Symbol('enough');

/** @returns whether the log was read to its end */
async function readLog(log: LogOf, from: From, take: (line: Read) => typeof enough | undefined): Promise<boolean> {
	for await (const lines of linesOf(log, from)) {
		for (const line of lines) {
			if (take(line) === enough) {
				return false;
			}
		}
	}

	return true;
}

/** The time of the first line of a log; undefined where there is none. */
export async function beginOf(log: LogOf): Promise<number | undefined> {
	let begin: number | undefined;
	await readLog(log, {}, ({time}) => {
		begin ??= time;
		return enough;
	});
	return begin;
}

const mostTries = 6;

/**
The last `count` lines before a time. The engine knows no such question, but can begin a number of lines before the end, and does so without reading
what is before: so it is asked with the number at which these should be, and with more when they are not among those.

@param fromEnd about how many lines there are from that time to the end
*/
export async function readBefore(log: LogOf, time: number, fromEnd: number, count: number): Promise<Read[]> {
	for (let tries = 0, slack = count; ; tries += 1, slack *= 8) {
		const fromStart = log.accept !== undefined || tries === mostTries;
		let lines: Read[] = [];
		await readLog(log, fromStart ? {} : {tail: Math.ceil(fromEnd) + slack}, ({text, time: at}) => {
			if (at >= time) {
				return enough;
			}

			if (log.accept === undefined || log.accept(text)) {
				lines.push({text, time: at});
				if (lines.length >= 2 * count) {
					lines = lines.slice(-count);
				}
			}

			return undefined;
		});
		if (lines.length > 0 || fromStart) {
			return lines.slice(-count);
		}
	}
}

export type Around = {
	lines: Read[];
	/** About how many lines follow; undefined where that is not known. */
	after: number | undefined;
	/** The end of the log was reached. */
	ended: boolean;
};

/**
Lines around a time: `before` of those before it, and `after` from it on.

@param fromEnd about how many lines there are from that time to the end; undefined where that is not known
*/
export async function readAround(
	log: LogOf,
	time: number,
	fromEnd: number | undefined,
	{before, after}: {before: number; after: number},
): Promise<Around> {
	for (let tries = 0, slack = before + 256; ; tries += 1, slack *= 8) {
		const tail =
			log.accept !== undefined || fromEnd === undefined || tries === mostTries ? undefined : Math.ceil(fromEnd) + slack;
		let earlier: Read[] = [];
		const later: Read[] = [];
		let read = 0;
		const ended = await readLog(log, tail === undefined ? {} : {tail}, ({text, time: at}) => {
			read += 1;
			if (log.accept !== undefined && !log.accept(text)) {
				return undefined;
			}

			if (at < time) {
				earlier.push({text, time: at});
				earlier = earlier.length >= 2 * before + 2 ? earlier.slice(-before) : earlier;
				return undefined;
			}

			later.push({text, time: at});
			// Nothing before it: what was asked for lies further back.
			return later.length >= after || (tail !== undefined && earlier.length === 0 && before > 0) ? enough : undefined;
		});
		if (tail === undefined || earlier.length > 0 || before === 0) {
			const lines = [...earlier.slice(Math.max(0, earlier.length - before)), ...later];
			return {lines, after: ended ? 0 : tail === undefined ? undefined : Math.max(0, tail - read), ended};
		}
	}
}

/**
The lines after a time, at most `count`.

@param fromEnd about how many lines there are after that time; undefined where that is not known
*/
export async function readAfter(
	log: LogOf,
	time: number,
	fromEnd: number | undefined,
	count: number,
): Promise<Omit<Around, 'after'>> {
	for (let tries = 0, slack = 256; ; tries += 1, slack *= 8) {
		const byTail = fromEnd !== undefined && tries < mostTries;
		const lines: Read[] = [];
		let overlaps = false;
		const ended = await readLog(
			log,
			byTail ? {tail: Math.ceil(fromEnd) + slack} : {since: new Date(Math.floor(time / 1000))},
			({text, time: at}) => {
				if (at <= time) {
					overlaps = true;
					return undefined;
				}

				if (byTail && !overlaps) {
					return enough;
				}

				if (log.accept === undefined || log.accept(text)) {
					lines.push({text, time: at});
				}

				return lines.length >= count ? enough : undefined;
			},
		);
		if (!byTail || overlaps) {
			return {lines, ended};
		}
	}
}
