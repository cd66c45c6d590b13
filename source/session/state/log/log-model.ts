import type {LogChunk} from '../../../engine/engine.ts';
import {createLogHits, type LogHits} from './log-hits.ts';
import type {Around, Read} from './log-read.ts';
import {createLogWindow, type Line, type LogWindow} from './log-window.ts';
import {createLineReader, type LineReader} from './text/log-lines.ts';
import type {Matcher} from './text/log-query.ts';
import type {LogRange} from './text/log-range.ts';

/** A container whose log is shown. */
export type LogSubject = {id: string; name: string; running: boolean};

/** What is known of one log among those shown. */
type LogSource = {
	subject: LogSubject;
	reader: LineReader;
	/** Time of the line read last, shown or not, and how many lines with that time there were; NaN before the first. */
	lastTime: number;
	sameTime: number;
	/** Lines of the stream that is followed, so far. */
	seen: number;
	/** About how many lines come after the window. */
	after: number | undefined;
	/** Time of the first line of the log, once asked for. */
	begin: number | undefined;
	/** Lines up to this time are in the window already, and so many at it: when a stream is read again. */
	skip: {time: number; same: number} | undefined;
	/** Lines up to this time were counted and searched already, though they are no longer in the window. */
	counted: number;
};

/** Where something was found in one log. */
export type Found = {
	hits: LogHits;
	/** Lines searched. */
	scanned: number;
	/** Time of the line searched last. */
	at: number;
	/** Lines of the followed stream at the end of the search. */
	seenAtEnd: number;
	done: boolean;
};

/** A search of the whole log: it runs from its start to its end, and goes on with the lines that come. */
export type LogFind = {text: string; matcher: Matcher; found: Found[]; problem: string | undefined};

export type FindName = 'search' | 'errors';

/** What the lines shown are chosen by. */
export type Choice = {matcher: Matcher | undefined; range: LogRange};

/**
The logs that are shown: a window of lines in a fixed amount of memory, what is known about the rest, and what was found in them. It lives outside React,
which is told only that something changed.
*/
export type LogModel = {
	readonly window: Pick<LogWindow, 'first' | 'end' | 'at' | 'count' | 'numberAt' | 'bytes'>;
	/** Number of the oldest line in memory. */
	readonly first: number;
	/** Number after the newest line in memory, lines still being written included. */
	readonly end: number;
	/** The text of a line as it came; undefined where there is none. */
	textAt(number: number): string | undefined;
	readonly sources: readonly LogSource[];
	readonly choice: Choice;
	/** Whether the window reaches the end of the log: only then lines that come are shown. */
	readonly atEnd: boolean;
	/** Whether nothing is before the window. */
	readonly atStart: boolean;
	/** What is being read on demand, in words. */
	reading: string;
	finds: Partial<Record<FindName, LogFind>>;
	/** Takes in what a box wrote. */
	push(source: number, chunk: LogChunk): void;
	/** A stream is read again: what is known already is skipped, or, where times are not known, forgotten. */
	resume(source: number): void;
	/** Forgets all; the next line has the number `from`. */
	reset(subjects: readonly LogSubject[], choice: Choice, from?: number): void;
	/** The place of the reader decides which lines go when there are too many. */
	keepNear(place: () => number | 'end'): void;
	/** Other lines in place of all that are there. Returns the number of the first one. */
	replace(parts: readonly Around[], atStart: boolean): void;
	/** Older lines, of each source. */
	prepend(parts: ReadonlyArray<readonly Read[]>, atStart: boolean): void;
	/** Newer lines, of each source, where the window does not reach the end. */
	append(parts: ReadonlyArray<Omit<Around, 'after'>>): void;
	/** All streams are read again, from the last line in the window on or, without it, from near the end: what comes belongs to the window. */
	restart(keep: boolean): void;
};

const budgetBytes = 8 * 1024 ** 2;
/** What is removed at once, so that it is not done for each line. */
const shareKept = 0.9;
const everything: Choice = {matcher: undefined, range: {since: undefined, until: undefined}};

export function createLogModel(options: {bytes?: number; lineLength?: number} = {}): LogModel {
	return new Model(options.bytes ?? budgetBytes, options.lineLength);
}

class Model implements LogModel {
	readonly window = createLogWindow();
	readonly #budget: number;
	readonly #lineLength: number | undefined;
	#place: () => number | 'end' = () => 'end';
	sources: LogSource[] = [];
	choice = everything;
	atEnd = true;
	atStart = false;
	reading = '';
	finds: Partial<Record<FindName, LogFind>> = {};

	constructor(budget: number, lineLength: number | undefined) {
		this.#budget = budget;
		this.#lineLength = lineLength;
	}

	get first(): number {
		return this.window.first;
	}

	get end(): number {
		return this.window.end + this.#unfinished().length;
	}

	textAt(number: number): string | undefined {
		return this.window.at(number)?.text ?? this.#unfinished()[number - this.window.end];
	}

	keepNear(place: () => number | 'end'): void {
		this.#place = place;
	}

	push(source: number, chunk: LogChunk): void {
		this.sources[source]?.reader.push(chunk);
	}

	resume(number: number): void {
		const source = this.sources[number];
		if (source === undefined) {
			return;
		}

		const {lastTime: time, sameTime: same} = source;
		source.reader = this.#readerOf(number);
		source.skip = Number.isNaN(time) ? undefined : {time, same};
		if (Number.isNaN(time) && source.seen > 0) {
			this.window.clear(this.window.first);
		}
	}

	restart(keep: boolean): void {
		const last = this.window.at(this.window.end - 1);
		for (const [number, source] of this.sources.entries()) {
			source.reader = this.#readerOf(number);
			source.counted = Math.max(source.counted, Number.isNaN(source.lastTime) ? source.counted : source.lastTime);
			source.skip = keep && last !== undefined ? {time: last.time, same: 1} : undefined;
			source.lastTime = source.skip?.time ?? Number.NaN;
			source.sameTime = 1;
			source.after = 0;
		}

		if (!keep) {
			this.window.clear(this.window.end);
			this.atStart = false;
		}

		this.atEnd = true;
	}

	reset(subjects: readonly LogSubject[], choice: Choice, from = 0): void {
		this.sources = subjects.map((subject, number) => ({
			subject,
			reader: this.#readerOf(number),
			lastTime: Number.NaN,
			sameTime: 0,
			seen: 0,
			after: 0,
			begin: undefined,
			skip: undefined,
			counted: Number.NEGATIVE_INFINITY,
		}));
		this.choice = choice;
		this.window.clear(from);
		this.atEnd = true;
		this.atStart = false;
		this.finds = {};
		this.reading = '';
	}

	replace(parts: readonly Around[], atStart: boolean): void {
		const lines = merge(parts.map(({lines: read}) => read));
		// Only between these two nothing is missing.
		const from = Math.max(...parts.map(({lines: [line]}) => (atStart || line === undefined ? 0 : line.time)));
		const to = endOf(parts);
		this.window.clear();
		for (const line of lines.filter(({time}) => time >= from && time <= to)) {
			this.window.add(line);
		}

		for (const [number, source] of this.sources.entries()) {
			const rest = lines.filter((line) => line.source === number && line.time > to).length;
			const after = parts[number]?.after;
			source.after = after === undefined ? undefined : after + rest;
		}

		this.atStart = atStart;
		this.atEnd = false;
	}

	prepend(parts: ReadonlyArray<readonly Read[]>, atStart: boolean): void {
		const from = atStart ? 0 : Math.max(...parts.map(([line]) => line?.time ?? 0));
		this.window.prepend(merge(parts).filter(({time}) => time >= from));
		this.atStart = atStart;
		this.#trim();
	}

	append(parts: ReadonlyArray<Omit<Around, 'after'>>): void {
		const to = endOf(parts);
		for (const line of merge(parts.map(({lines}) => lines)).filter(({time}) => time <= to)) {
			this.window.add(line);
			const source = this.sources[line.source];
			if (source?.after !== undefined) {
				source.after = Math.max(0, source.after - 1);
			}
		}

		this.#trim();
	}

	#readerOf(number: number): LineReader {
		return createLineReader((data, from, to, time) => this.#take(number, data, from, to, time), this.#lineLength);
	}

	/** Lines that are still being written. */
	#unfinished(): string[] {
		return this.atEnd ? this.sources.flatMap(({reader}) => reader.unfinished()) : [];
	}

	/** A line that came by itself. Only what is to be searched becomes a text. */
	#take(number: number, data: Buffer, from: number, to: number, told: number): void {
		const source = this.sources[number] as LogSource;
		if (isKnown(source, told)) {
			return;
		}

		const time = Number.isNaN(told) ? 0 : told;
		const {matcher} = this.choice;
		const isSearched = matcher !== undefined || this.finds.search !== undefined || this.finds.errors !== undefined;
		const text = isSearched ? data.toString('utf8', from, to) : '';
		const matches = matcher?.test(text) !== false;
		source.sameTime = told === source.lastTime ? source.sameTime + 1 : 1;
		source.lastTime = told;
		if (!(told <= source.counted)) {
			source.seen += 1;
			if (matches && isSearched) {
				this.#searchNew(number, text, time);
			}
		}

		if (!matches) {
			return;
		}

		if (this.atEnd) {
			this.window.addBytes(data, from, to, time, number);
			this.#trim();
		} else if (source.after !== undefined) {
			source.after += 1;
		}
	}

	/** A search that is through the log goes on with what comes. */
	#searchNew(number: number, text: string, time: number): void {
		for (const find of Object.values(this.finds)) {
			const found = find.found[number];
			if (found?.done && time > found.at && find.matcher.test(text)) {
				const {seen = 0} = this.sources[number] ?? {};
				found.hits.add(time, found.scanned + seen - found.seenAtEnd);
			}
		}
	}

	/** Keeps the budget; what is further from the reader goes. */
	#trim(): void {
		const {window} = this;
		if (window.bytes <= this.#budget) {
			return;
		}

		const at = this.#place();
		const isNearEnd = at === 'end' || at - window.first > (window.end - window.first) / 2;
		const removed = window.trim(isNearEnd ? 'oldest' : 'newest', this.#budget * shareKept);
		if (isNearEnd) {
			this.atStart = false;
			return;
		}

		this.atEnd = false;
		for (const [number, lines] of removed) {
			const source = this.sources[number];
			if (source?.after !== undefined) {
				source.after += lines;
			}
		}
	}
}

/** Up to this time nothing is missing between lines of several logs. */
function endOf(parts: ReadonlyArray<Omit<Around, 'after'>>): number {
	return Math.min(...parts.map(({lines, ended}) => (ended ? Number.POSITIVE_INFINITY : (lines.at(-1)?.time ?? 0))));
}

/** Whether a line of a stream that is read again came before. */
function isKnown(source: LogSource, time: number): boolean {
	const {skip} = source;
	if (skip === undefined) {
		return false;
	}

	if (time < skip.time) {
		return true;
	}

	if (time === skip.time && skip.same > 0) {
		skip.same -= 1;
		return true;
	}

	source.skip = undefined;
	return false;
}

function merge(parts: ReadonlyArray<readonly Read[]>): Line[] {
	const lines = parts.flatMap((read, source) => read.map(({text, time}) => ({text, time, source})));
	// Where there is one source, its lines stay in the order in which they were written.
	return parts.length > 1 ? lines.toSorted((a, b) => a.time - b.time) : lines;
}

export function newFound(): Found {
	return {hits: createLogHits(), scanned: 0, at: 0, seenAtEnd: 0, done: false};
}
