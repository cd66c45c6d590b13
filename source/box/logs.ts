import type {Engine, LogChunk, LogOptions} from '../engine/engine.ts';
import {lineLength} from '../engine/limits.ts';
import {LineSplitter} from '../text/lines.ts';
import {safeLogLine} from '../text/safe.ts';

export type LogLine = {stream: 'stdout' | 'stderr'; text: string};

/** A container's output line by line, each safe to print, colours kept. */
export function readLogLines(engine: Engine, id: string, options: LogOptions = {}): AsyncGenerator<LogLine> {
	return linesOf(engine.logs(id, options));
}

/** Output that arrives in arbitrary pieces, line by line, each safe to print, colours kept. */
export async function* linesOf(chunks: AsyncIterable<LogChunk>): AsyncGenerator<LogLine> {
	const decoders = {stdout: new TextDecoder(), stderr: new TextDecoder()};
	const limits = {max: lineLength, tooLong: 'break'} as const;
	const splitters = {stdout: new LineSplitter(limits), stderr: new LineSplitter(limits)};
	for await (const {stream, data} of chunks) {
		for (const line of splitters[stream].push(decoders[stream].decode(data, {stream: true}))) {
			yield {stream, text: safeLogLine(line)};
		}
	}

	for (const stream of ['stdout', 'stderr'] as const) {
		for (const line of splitters[stream].end()) {
			yield {stream, text: safeLogLine(line)};
		}
	}
}

/** The end of a container's output. */
export async function lastLogLines(engine: Engine, id: string, count: number): Promise<string[]> {
	const lines: string[] = [];
	for await (const {text} of readLogLines(engine, id, {tail: count})) {
		lines.push(text);
		// One line of the engine may become several here.
		lines.splice(0, lines.length - count);
	}

	return lines;
}
