import {createReadStream, lstatSync} from 'node:fs';
import {Failure} from '../../base/failure.ts';
import {type LogLine, linesOf} from '../../box/logs.ts';
import type {LogChunk} from '../../engine/engine.ts';
import {safeText} from '../../text/safe.ts';
import {logPath} from './log-file.ts';

/**
The log in the folder of a run that has ended, line by line, each safe to print.

@param options.tail lines from the end; all when missing
@throws Failure when it is gone
*/
export async function* readKeptLog(folder: string, {tail}: {tail?: number}): AsyncGenerator<LogLine> {
	const path = logPath(folder);
	if (!lstatSync(path, {throwIfNoEntry: false})?.isFile()) {
		throw new Failure(`The log of this run is gone: ${safeText(path)}`, {
			fix: 'What is known of the run: gpubox runs show NAME-N',
		});
	}

	const lines = linesOf(chunksOf(path));
	if (tail === undefined) {
		yield* lines;
		return;
	}

	const last: LogLine[] = [];
	for await (const line of lines) {
		last.push(line);
		if (last.length > 2 * tail + 1000) {
			last.splice(0, last.length - tail);
		}
	}

	yield* last.slice(Math.max(0, last.length - tail));
}

async function* chunksOf(path: string): AsyncGenerator<LogChunk> {
	for await (const data of createReadStream(path)) {
		yield {stream: 'stdout', data: data as Buffer};
	}
}
