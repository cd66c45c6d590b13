import {createLogTexts} from './log-texts.ts';

/** A line of a log. `time` in microseconds since 1970, 0 where it is not known; `source` is the place of its box among those shown. */
export type Line = {text: string; time: number; source: number};

/** What is kept of a line beyond its text: the columns below. */
const overheadBytes = 18;

/**
The lines of a log that are in memory: those between two moments, without a gap, within a budget of bytes. Lines keep their numbers while others
come before or after them; the first one has any number, below 0 too.
*/
export type LogWindow = {
	/** Number of the oldest line. */
	readonly first: number;
	/** Number after the newest line. */
	readonly end: number;
	readonly bytes: number;
	at(number: number): Line | undefined;
	/** At its place in time among the lines of other sources; lines of one source keep their order. */
	add(line: Line): void;
	/** The same for a text that is there as bytes, which are copied. */
	addBytes(data: Buffer, from: number, to: number, time: number, source: number): void;
	/** Lines older than all that are there, in their order. */
	prepend(lines: readonly Line[]): void;
	/** Forgets all lines; the next one has the number `from`. */
	clear(from?: number): void;
	/** Removes lines from one end until the rest takes at most `bytes`. Returns how many of each source these were. */
	trim(end: 'oldest' | 'newest', bytes: number): Map<number, number>;
	/** How many lines of a source are there. */
	count(source: number): number;
	/** Number of the first line at or after a time; `end` when there is none. */
	numberAt(time: number): number;
};

const linesAtFirst = 1024;

/** What is known of each line, in columns of numbers: an object for each would outlive what V8 collects cheaply, and be garbage soon after. */
class Columns {
	readonly times: Float64Array;
	readonly places: Uint32Array;
	readonly lengths: Uint32Array;
	readonly sources: Uint16Array;

	constructor(capacity: number) {
		this.times = new Float64Array(capacity);
		this.places = new Uint32Array(capacity);
		this.lengths = new Uint32Array(capacity);
		this.sources = new Uint16Array(capacity);
	}

	get capacity(): number {
		return this.times.length;
	}

	/** Moves lines within, or into larger ones. */
	move(from: number, to: number, target: number, into: Columns = this): void {
		into.times.set(this.times.subarray(from, to), target);
		into.places.set(this.places.subarray(from, to), target);
		into.lengths.set(this.lengths.subarray(from, to), target);
		into.sources.set(this.sources.subarray(from, to), target);
	}
}

export function createLogWindow(): LogWindow {
	return new Window();
}

class Window implements LogWindow {
	#texts = createLogTexts();
	/** Those from `#head` up to `#tail` are in use: what is removed at an end need not be moved at once. */
	#columns = new Columns(linesAtFirst);
	#head = 0;
	#tail = 0;
	#counts: number[] = [];
	first = 0;
	bytes = 0;

	get end(): number {
		return this.first + this.#tail - this.#head;
	}

	at(number: number): Line | undefined {
		if (number < this.first || number >= this.end) {
			return undefined;
		}

		const {times, places, lengths, sources} = this.#columns;
		const row = this.#head + number - this.first;
		return {
			text: this.#texts.get(places[row] as number, lengths[row] as number),
			time: times[row] as number,
			source: sources[row] as number,
		};
	}

	add({text, time, source}: Line): void {
		const data = Buffer.from(text);
		this.addBytes(data, 0, data.length, time, source);
	}

	addBytes(data: Buffer, from: number, to: number, time: number, source: number): void {
		if (this.#tail === this.#columns.capacity) {
			this.#makeRoom(1, 'after');
		}

		const {times, sources} = this.#columns;
		let row = this.#tail;
		while (row > this.#head && (times[row - 1] as number) > time && sources[row - 1] !== source) {
			row -= 1;
		}

		if (row < this.#tail) {
			this.#columns.move(row, this.#tail, row + 1);
		}

		this.#tail += 1;
		this.#write(row, data, from, to, time, source);
	}

	prepend(lines: readonly Line[]): void {
		if (this.#head < lines.length) {
			this.#makeRoom(lines.length, 'before');
		}

		this.#head -= lines.length;
		this.first -= lines.length;
		for (const [place, {text, time, source}] of lines.entries()) {
			const data = Buffer.from(text);
			this.#write(this.#head + place, data, 0, data.length, time, source);
		}
	}

	clear(from = 0): void {
		this.#texts = createLogTexts();
		this.#columns = new Columns(linesAtFirst);
		this.#head = 0;
		this.#tail = 0;
		this.#counts = [];
		this.first = from;
		this.bytes = 0;
	}

	trim(end: 'oldest' | 'newest', most: number): Map<number, number> {
		const removed = new Map<number, number>();
		while (this.bytes > most && this.#tail - this.#head > 1) {
			const source = this.#remove(end);
			removed.set(source, (removed.get(source) ?? 0) + 1);
		}

		if (this.#texts.isSparse) {
			this.#moveTexts();
		}

		return removed;
	}

	count(source: number): number {
		return this.#counts[source] ?? 0;
	}

	numberAt(time: number): number {
		let low = this.#head;
		let high = this.#tail;
		while (low < high) {
			const middle = (low + high) >> 1;
			if ((this.#columns.times[middle] as number) < time) {
				low = middle + 1;
			} else {
				high = middle;
			}
		}

		return this.first + low - this.#head;
	}

	#write(row: number, data: Buffer, from: number, to: number, time: number, source: number): void {
		const {times, places, lengths, sources} = this.#columns;
		times[row] = time;
		places[row] = this.#texts.add(data, from, to);
		lengths[row] = to - from;
		sources[row] = source;
		this.bytes += to - from + overheadBytes;
		this.#counts[source] = this.count(source) + 1;
	}

	/** @returns its source */
	#remove(end: 'oldest' | 'newest'): number {
		const {places, lengths, sources} = this.#columns;
		const row = end === 'oldest' ? this.#head : this.#tail - 1;
		const length = lengths[row] as number;
		const source = sources[row] as number;
		this.#texts.remove(places[row] as number, length);
		this.bytes -= length + overheadBytes;
		this.#counts[source] = this.count(source) - 1;
		if (end === 'oldest') {
			this.#head += 1;
			this.first += 1;
		} else {
			this.#tail -= 1;
		}

		return source;
	}

	/** Room for so many lines at one side: that of the other, or in larger columns. */
	#makeRoom(lines: number, side: 'before' | 'after'): void {
		const {capacity} = this.#columns;
		const count = this.#tail - this.#head;
		// Where little is left they would be moved again soon.
		const isEnough = count + lines <= capacity * (7 / 8);
		const columns = isEnough ? this.#columns : new Columns(Math.max(2 * capacity, 2 * (count + lines)));
		const head = side === 'after' ? 0 : columns.capacity - count;
		this.#columns.move(this.#head, this.#tail, head, columns);
		this.#columns = columns;
		this.#head = head;
		this.#tail = head + count;
	}

	#moveTexts(): void {
		const texts = createLogTexts();
		const {places, lengths} = this.#columns;
		for (let row = this.#head; row < this.#tail; row += 1) {
			places[row] = this.#texts.copyTo(texts, places[row] as number, lengths[row] as number);
		}

		this.#texts = texts;
	}
}
