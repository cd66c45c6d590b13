import {createReadStream, lstatSync} from 'node:fs';
import timers from 'node:timers/promises';
import {type LogLines, lineGroupsOf} from '../../box/logs.ts';
import type {LogChunk} from '../../engine/engine.ts';
import type {Host} from '../../host/host.ts';
import type {PlacedRun} from '../../job/place/follow.ts';
import {readGrowing} from '../../job/place/growing-file.ts';
import {readKeptLog} from '../../job/runs/kept-log.ts';
import {logPath} from '../../job/runs/log-file.ts';
import {isFollowed, readRunRecord} from '../../job/runs/record.ts';
import {followInBackground} from './follow.ts';
import {lookAfterPlaces} from './places.ts';

const pauseMs = 300;

/**
The log of a run that another place has, in groups of lines, each safe to print: as far as it is in the run's folder, and with `follow` until
the run has ended. What no process follows is followed in the background from now on.

@throws Failure when the log of a run that has ended is gone; the signal's reason
*/
export async function* readPlacedLog(
	host: Pick<Host, 'paths'>,
	given: PlacedRun,
	{follow = false, tail, signal}: {follow?: boolean; tail?: number; signal: AbortSignal},
): AsyncGenerator<LogLines> {
	await lookAfterPlaces(host, signal);
	const run = readRunRecord(host.paths, given.name) ?? given;
	const options = tail === undefined ? {} : {tail};
	if (run.ended !== null) {
		yield* readKeptLog(run.folder, options);
		return;
	}

	if (!isFollowed(run)) {
		followInBackground(run.name, undefined);
	}

	const path = logPath(run.folder);
	if (!follow) {
		if (lstatSync(path, {throwIfNoEntry: false})?.isFile()) {
			yield* readKeptLog(run.folder, options);
		}

		return;
	}

	const over = new AbortController();
	const waiting = untilOver(host, run.name, over, signal);
	waiting.catch(() => {});
	try {
		yield* lineGroupsOf(
			chunksOf(path, {from: tail === undefined ? 0 : await placeOfLast(path, tail), over: over.signal, signal}),
		);
	} finally {
		over.abort();
	}

	await waiting;
}

async function untilOver(
	host: Pick<Host, 'paths'>,
	name: string,
	over: AbortController,
	signal: AbortSignal,
): Promise<void> {
	while (!over.signal.aborted && !signal.aborted) {
		if (readRunRecord(host.paths, name)?.ended !== null) {
			over.abort();
			return;
		}

		await timers.setTimeout(pauseMs, undefined, {signal: AbortSignal.any([signal, over.signal])}).catch(() => {});
	}
}

async function* chunksOf(path: string, options: Parameters<typeof readGrowing>[1]): AsyncGenerator<LogChunk> {
	for await (const data of readGrowing(path, options)) {
		yield {stream: 'stdout', data};
	}
}

/** The byte at which the last lines of a file begin. */
async function placeOfLast(path: string, count: number): Promise<number> {
	if (!lstatSync(path, {throwIfNoEntry: false})?.isFile()) {
		return 0;
	}

	// The beginnings of the last lines, the oldest first.
	const starts = [0];
	let place = 0;
	for await (const part of createReadStream(path) as AsyncIterable<Buffer>) {
		for (let end = part.indexOf(10); end !== -1; end = part.indexOf(10, end + 1)) {
			starts.push(place + end + 1);
			if (starts.length > count + 1) {
				starts.shift();
			}
		}

		place += part.length;
	}

	// Behind the last line break no line begins, unless something is there.
	return starts.at(-1) === place ? (starts.at(-1 - count) ?? starts[0] ?? 0) : (starts.at(-count) ?? starts[0] ?? 0);
}
