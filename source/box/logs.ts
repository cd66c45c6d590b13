import type {Engine, LogChunk, LogOptions} from '../engine/engine.ts';
import {lineLength} from '../engine/limits.ts';
import {LineSplitter} from '../text/lines.ts';
import {isPlain, safeLogLine} from '../text/safe.ts';

export type LogLine = {stream: 'stdout' | 'stderr'; text: string};

/** Lines of one stream that have come together, in their order. */
export type LogLines = {stream: LogLine['stream']; texts: string[]};

/** A container's output line by line, each safe to print, colours kept. */
export function readLogLines(engine: Engine, id: string, options: LogOptions = {}): AsyncGenerator<LogLine> {
	return linesOf(engine.logs(id, options));
}

/** Output that arrives in arbitrary pieces, line by line, each safe to print, colours kept. */
export async function* linesOf(chunks: AsyncIterable<LogChunk>): AsyncGenerator<LogLine> {
	for await (const {stream, texts} of lineGroupsOf(chunks)) {
		for (const text of texts) {
			yield {stream, text};
		}
	}
}

/** The same with the lines of each piece together: of a long log, handing them on one by one takes longer than reading it. */
export async function* lineGroupsOf(chunks: AsyncIterable<LogChunk>): AsyncGenerator<LogLines> {
	const decoders = {stdout: new TextDecoder(), stderr: new TextDecoder()};
	const limits = {max: lineLength, tooLong: 'break'} as const;
	const splitters = {stdout: new LineSplitter(limits), stderr: new LineSplitter(limits)};
	for await (const {stream, data} of chunks) {
		const piece = decoders[stream].decode(data, {stream: true});
		const [first, ...rest] = splitters[stream].push(piece);
		if (first !== undefined) {
			// It begins with what was left of the piece before.
			yield {stream, texts: [safeLogLine(first), ...(isPlain(piece) ? rest : rest.map(safeLogLine))]};
		}
	}

	for (const stream of ['stdout', 'stderr'] as const) {
		const texts = splitters[stream].end().map(safeLogLine);
		if (texts.length > 0) {
			yield {stream, texts};
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
