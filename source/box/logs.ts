import type {Engine, LogChunk, LogOptions} from '../engine/engine.ts';
import {lineLength} from '../engine/limits.ts';
import {safeLogLine} from '../text/safe.ts';

export type LogLine = {stream: 'stdout' | 'stderr'; text: string};

/** A container's output line by line, each safe to print, colours kept. */
export function readLogLines(engine: Engine, id: string, options: LogOptions = {}): AsyncGenerator<LogLine> {
	return linesOf(engine.logs(id, options));
}

/** Output that arrives in arbitrary pieces, line by line, each safe to print, colours kept. */
export async function* linesOf(chunks: AsyncIterable<LogChunk>): AsyncGenerator<LogLine> {
	const decoders = {stdout: new TextDecoder(), stderr: new TextDecoder()};
	const pending = {stdout: '', stderr: ''};
	for await (const {stream, data} of chunks) {
		const lines = (pending[stream] + decoders[stream].decode(data, {stream: true})).split('\n');
		pending[stream] = lines.pop() ?? '';
		for (const line of lines) {
			yield {stream, text: safeLogLine(line)};
		}

		if (pending[stream].length > lineLength) {
			yield {stream, text: safeLogLine(pending[stream])};
			pending[stream] = '';
		}
	}

	for (const stream of ['stdout', 'stderr'] as const) {
		if (pending[stream] !== '') {
			yield {stream, text: safeLogLine(pending[stream])};
		}
	}
}

/** The end of a container's output. */
export async function lastLogLines(engine: Engine, id: string, count: number): Promise<string[]> {
	const lines: string[] = [];
	for await (const {text} of readLogLines(engine, id, {tail: count})) {
		lines.push(text);
		// What the engine takes for a line may be cut into many here.
		lines.splice(0, lines.length - count);
	}

	return lines;
}
