import {StringDecoder} from 'node:string_decoder';
import {safeLogLine} from '../../text/safe.ts';

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
	clear(): void;
};

type Stream = {decoder: StringDecoder; rest: string};

export function createLogBuffer(options: {lines?: number; lineLength?: number} = {}): LogBuffer {
	const capacity = options.lines ?? 5000;
	const lineLength = options.lineLength ?? 4000;
	let ring: string[] = [];
	let first = 0;
	let end = 0;
	let streams = new Map<string, Stream>();

	const add = (raw: string) => {
		// Cut before it is made safe: a line of many MiB must not go through the expressions.
		const line = raw.length > lineLength ? `${raw.slice(0, lineLength)}…` : raw;
		ring[end % capacity] = safeLogLine(line);
		end += 1;
		first = Math.max(first, end - capacity);
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

			const lines = (stream.rest + stream.decoder.write(data)).split('\n');
			let rest = lines.pop() ?? '';
			for (const line of lines) {
				add(line);
			}

			if (rest.length > lineLength) {
				// A progress bar that rewrites its line for ever: what stands after the last CR is all one would see.
				rest = rest.slice(rest.lastIndexOf('\r', rest.length - 2) + 1);
			}

			stream.rest = rest.length > lineLength ? rest.slice(0, lineLength) : rest;
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

				lines.push(line);
			}

			return lines;
		},
		clear() {
			ring = [];
			first = 0;
			end = 0;
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
