import {createReadStream, lstatSync} from 'node:fs';
import {Failure} from '../../base/failure.ts';
import {type LogLines, lineGroupsOf} from '../../box/logs.ts';
import type {LogChunk} from '../../engine/engine.ts';
import {safeText} from '../../text/safe.ts';
import {logPath} from './log-file.ts';

/** Who prints a group makes one text of it. */
const groupLines = 1000;

/**
The log in the folder of a run that has ended, in groups of lines, each safe to print.

@param options.tail lines from the end; all when missing
@throws Failure when it is gone
*/
export async function* readKeptLog(folder: string, {tail}: {tail?: number}): AsyncGenerator<LogLines> {
	const path = logPath(folder);
	if (!lstatSync(path, {throwIfNoEntry: false})?.isFile()) {
		throw new Failure(`The log of this run is gone: ${safeText(path)}`, {
			fix: 'What is known of the run: gpubox runs show NAME-N',
		});
	}

	const groups = lineGroupsOf(chunksOf(path));
	if (tail === undefined) {
		yield* groups;
		return;
	}

	if (tail === 0) {
		return;
	}

	const last: string[] = [];
	for await (const {texts} of groups) {
		for (const text of texts) {
			last.push(text);
		}

		// Not after each group: moving a million lines takes longer than reading a group.
		if (last.length > 2 * tail + groupLines) {
			last.splice(0, last.length - tail);
		}
	}

	for (let at = Math.max(0, last.length - tail); at < last.length; at += groupLines) {
		yield {stream: 'stdout', texts: last.slice(at, at + groupLines)};
	}
}

async function* chunksOf(path: string): AsyncGenerator<LogChunk> {
	for await (const data of createReadStream(path)) {
		yield {stream: 'stdout', data: data as Buffer};
	}
}
