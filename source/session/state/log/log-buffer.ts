import {StringDecoder} from 'node:string_decoder';
import {safeLogLine, shorten} from '../../../text/safe.ts';

/** Where a log pane stands: at the end and moving with it, or at a line counted from the first one ever read. */
export type LogPosition = 'follow' | number;

/**
The last lines of a box's output. It lives outside React, which is told only that something came; a pane asks for the
slice it shows. Lines are counted from the first one ever read, so a reader who scrolled back stays where they are while
old lines fall out.
*/
export type LogBuffer = {
	push(stream: 'stdout' | 'stderr', data: Buffer): void;
	/** A line of gpubox's own. */
	note(text: string): void;
	/** Number of the oldest line kept. */
	readonly first: number;
	/** Number after the newest line, a line still being written included. */
	readonly end: number;
	/** Safe to print; colours stay. */
	slice(from: number, count: number): string[];
	/** Forgets all lines; the next one has the number `from`. */
	clear(from?: number): void;
};

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

type Stream = {decoder: StringDecoder; rest: string};

export function createLogBuffer(options: {lines?: number; lineLength?: number} = {}): LogBuffer {
	const capacity = options.lines ?? 5000;
	const lineLength = options.lineLength ?? 4000;
	/** No character has more than four bytes. */
	const mostBytes = 4 * lineLength;
	let ring: string[] = [];
	let first = 0;
	let end = 0;
	let streams = new Map<string, Stream>();

	const add = (line: string) => {
		// A copy of what is cut: a piece of a string keeps all that it was cut from in memory. Made safe only where it is seen.
		ring[end % capacity] = line.length > lineLength ? Buffer.from(shorten(line, lineLength + 1)).toString() : line;
		end += 1;
		first = Math.max(first, end - capacity);
	};

	/** Takes in a part of a line. What would be cut off it anyway is not even decoded. */
	const extend = (stream: Stream, part: Buffer) => {
		let piece = part;
		if (piece.length > mostBytes || stream.rest.length > lineLength) {
			// A progress bar that rewrites its line for ever: what stands after the last CR is all one would see.
			const restart = piece.length < 2 ? -1 : piece.lastIndexOf(carriageReturn, piece.length - 2);
			if (restart !== -1) {
				stream.decoder.end();
				stream.rest = '';
				piece = piece.subarray(restart + 1);
			} else if (stream.rest.length > lineLength) {
				return;
			}
		}

		stream.rest += stream.decoder.write(piece.subarray(0, mostBytes));
		if (stream.rest.length > lineLength) {
			stream.rest = stream.rest
				.slice(stream.rest.lastIndexOf('\r', stream.rest.length - 2) + 1)
				.slice(0, lineLength + 2);
		}
	};

	const unfinished = (): string[] => {
		const lines: string[] = [];
		for (const {rest} of streams.values()) {
			if (rest !== '') {
				lines.push(safeLogLine(rest));
			}
		}

		return lines;
	};

	return {
		push(name, data) {
			let stream = streams.get(name);
			if (stream === undefined) {
				stream = {decoder: new StringDecoder('utf8'), rest: ''};
				streams.set(name, stream);
			}

			let from = 0;
			for (let to = data.indexOf(lineFeed); to !== -1; to = data.indexOf(lineFeed, from)) {
				extend(stream, data.subarray(from, to));
				add(stream.rest + stream.decoder.end());
				stream.rest = '';
				from = to + 1;
			}

			extend(stream, data.subarray(from));
		},
		note: add,
		get first() {
			return first;
		},
		get end() {
			return end + unfinished().length;
		},
		slice(from, count) {
			const lines: string[] = [];
			const open = unfinished();
			for (let number = Math.max(from, first); number < from + count; number += 1) {
				const line = number < end ? ring[number % capacity] : open[number - end];
				if (line === undefined) {
					break;
				}

				lines.push(number < end ? safeLogLine(line) : line);
			}

			return lines;
		},
		clear(from = 0) {
			ring = [];
			first = from;
			end = from;
			streams = new Map();
		},
	};
}

/** The number of the first line that a pane of `height` lines shows. */
export function topLine(log: Pick<LogBuffer, 'first' | 'end'>, position: LogPosition, height: number): number {
	const last = Math.max(log.first, log.end - height);
	return position === 'follow' ? last : Math.min(last, Math.max(log.first, position));
}

/** Moves by lines; reaching the end follows again. */
export function scroll(
	log: Pick<LogBuffer, 'first' | 'end'>,
	position: LogPosition,
	by: number,
	height: number,
): LogPosition {
	const last = Math.max(log.first, log.end - height);
	const target = Math.max(log.first, topLine(log, position, height) + by);
	return target >= last ? 'follow' : target;
}
