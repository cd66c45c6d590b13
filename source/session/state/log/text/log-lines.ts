import {StringDecoder} from 'node:string_decoder';
import type {LogChunk} from '../../../../engine/engine.ts';
import {shorten} from '../../../../text/safe.ts';

/**
A line as bytes of UTF-8, those of `data` from one place up to another, which are overwritten later: a text for each line of a flood would be
most of what a session has to collect, and nearly none of them is ever looked at.

@param time microseconds since 1970, to a quarter of one; NaN where the engine told none
*/
type LineSink = (data: Buffer, from: number, to: number, time: number) => void;

export type LineReader = {
	push(chunk: LogChunk): void;
	/** Lines still being written, as far as they are there. */
	unfinished(): string[];
	/** The stream has ended: what stands without a line break is a line too. */
	end(): void;
};

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const space = 0x20;
/** `2026-01-31T09:00:00.123456789+02:00` and the space. */
const longestStamp = 36;
const shortestStamp = 20;
const stampStart = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/;
/** Beyond 16 KiB the engine cuts lines in parts; with a terminal the timestamps of these stand within the line. */
const stampWithin = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}(?:Z|[+-]\d\d:\d\d) /g;

type Stream = {
	decoder: StringDecoder;
	/** A line has begun. */
	open: boolean;
	rest: string;
	time: number;
	/** A timestamp of which only a part has come. */
	head: Buffer | undefined;
};

/**
Takes a log with timestamps apart into lines, each with its time, however the pieces are cut. A line longer than `lineLength` characters is cut;
of one that rewrites itself with carriage returns, what is kept is the last state.
*/
export function createLineReader(sink: LineSink, lineLength = 4000): LineReader {
	return new Lines(sink, lineLength);
}

class Lines implements LineReader {
	readonly #sink: LineSink;
	readonly #lineLength: number;
	/** No character has more than four bytes. */
	readonly #mostBytes: number;
	readonly #streams = new Map<string, Stream>();
	readonly #readTime = createTimeReader();

	constructor(sink: LineSink, lineLength: number) {
		this.#sink = sink;
		this.#lineLength = lineLength;
		this.#mostBytes = 4 * lineLength;
	}

	push({stream: name, data, starts}: LogChunk): void {
		let stream = this.#streams.get(name);
		if (stream === undefined) {
			stream = {decoder: new StringDecoder('utf8'), open: false, rest: '', time: Number.NaN, head: undefined};
			this.#streams.set(name, stream);
		}

		if (starts !== undefined) {
			let from = 0;
			let isStart = false;
			for (const start of starts) {
				this.#take(stream, data, from, start, isStart);
				from = start;
				isStart = true;
			}

			this.#take(stream, data, from, data.length, isStart);
			return;
		}

		for (let from = 0; from < data.length; ) {
			const to = data.indexOf(lineFeed, from) + 1 || data.length;
			this.#take(stream, data, from, to, !stream.open);
			from = to;
		}
	}

	unfinished(): string[] {
		return [...this.#streams.values()].map(({rest}) => rest).filter((rest) => rest !== '');
	}

	end(): void {
		for (const stream of this.#streams.values()) {
			const {head} = stream;
			stream.head = undefined;
			if (head !== undefined) {
				this.#takeText(stream, head, 0, head.length);
			}

			if (stream.open) {
				this.#finish(stream);
			}
		}
	}

	#take(stream: Stream, data: Buffer, from: number, to: number, isStart: boolean): void {
		if (stream.head !== undefined) {
			const whole = Buffer.concat([stream.head, data.subarray(from, to)]);
			stream.head = undefined;
			this.#take(stream, whole, 0, whole.length, true);
			return;
		}

		if (!isStart || from === to) {
			this.#takeText(stream, data, from, to);
			return;
		}

		const gap = spaceIn(data, from, Math.min(to, from + longestStamp));
		if (gap === -1 && to - from < longestStamp && data[to - 1] !== lineFeed) {
			stream.head = Buffer.from(data.subarray(from, to));
			return;
		}

		const time = gap - from < shortestStamp ? Number.NaN : this.#readTime(data, from, gap);
		if (!stream.open) {
			stream.time = time;
		}

		this.#takeText(stream, data, Number.isNaN(time) ? from : gap + 1, to);
	}

	/** The text of an entry, or of a part of one. */
	#takeText(stream: Stream, data: Buffer, start: number, end: number): void {
		let from = start;
		while (from < end) {
			const to = data.indexOf(lineFeed, from);
			if (to === -1 || to >= end) {
				stream.open = true;
				this.#extend(stream, data.subarray(from, end));
				return;
			}

			if (!stream.open && to - from <= this.#lineLength) {
				this.#sink(data, from, to, stream.time);
			} else {
				this.#extend(stream, data.subarray(from, to));
				this.#finish(stream);
			}

			from = to + 1;
		}
	}

	/** Takes in a part of a line. What would be cut off anyway is not even decoded. */
	#extend(stream: Stream, part: Buffer): void {
		let piece = part;
		if (piece.length > this.#mostBytes || stream.rest.length > this.#lineLength) {
			// A progress bar that rewrites its line for ever: what stands after the last CR is all one would see.
			const restart = piece.length < 2 ? -1 : piece.lastIndexOf(carriageReturn, piece.length - 2);
			if (restart !== -1) {
				stream.decoder.end();
				stream.rest = '';
				piece = piece.subarray(restart + 1);
			} else if (stream.rest.length > this.#lineLength) {
				return;
			}
		}

		stream.rest += stream.decoder.write(piece.subarray(0, this.#mostBytes));
		if (stream.rest.length > this.#lineLength) {
			stream.rest = stream.rest
				.slice(stream.rest.lastIndexOf('\r', stream.rest.length - 2) + 1)
				.slice(0, this.#lineLength + 2);
		}
	}

	#finish(stream: Stream): void {
		const text = (stream.rest + stream.decoder.end()).replace(stampWithin, '');
		const most = this.#lineLength;
		const data = Buffer.from(text.length > most ? shorten(text, most + 1) : text);
		this.#sink(data, 0, data.length, stream.time);
		stream.rest = '';
		stream.open = false;
	}
}

/** Where the first space is; -1 where there is none. */
function spaceIn(data: Buffer, from: number, to: number): number {
	for (let place = from; place < to; place += 1) {
		if (data[place] === space) {
			return place;
		}
	}

	return -1;
}

/** `2026-01-31T09:00:00`. */
const secondsLength = 19;
const dot = 0x2e;
const digitZero = 0x30;

/** Lines of the same second share what is slow to read. */
function createTimeReader(): (data: Buffer, from: number, to: number) => number {
	let knownHead = Buffer.alloc(0);
	let knownZone = Buffer.alloc(0);
	let seconds = Number.NaN;
	return (data, from, to) => {
		let zone = from + secondsLength;
		let microseconds = 0;
		if (data[zone] === dot) {
			zone += 1;
			for (let unit = 100_000; zone < to; zone += 1, unit /= 10) {
				const digit = (data[zone] as number) - digitZero;
				if (digit < 0 || digit > 9) {
					break;
				}

				microseconds += digit * unit;
			}
		}

		if (!isAt(data, from, from + secondsLength, knownHead) || !isAt(data, zone, to, knownZone)) {
			knownHead = Buffer.from(data.subarray(from, from + secondsLength));
			knownZone = Buffer.from(data.subarray(zone, to));
			const head = knownHead.toString('latin1');
			seconds = stampStart.test(head) ? Date.parse(head + knownZone.toString('latin1')) / 1000 : Number.NaN;
		}

		return seconds * 1_000_000 + microseconds;
	};
}

/** Whether these bytes are the known ones. */
function isAt(data: Buffer, from: number, to: number, known: Buffer): boolean {
	if (to - from !== known.length) {
		return false;
	}

	for (let place = 0; place < known.length; place += 1) {
		if (data[from + place] !== known[place]) {
			return false;
		}
	}

	return true;
}
