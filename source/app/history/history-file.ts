/**
The history of a host in a file of the user: what this user's gpubox saw of the GPUs and of who ran what on them. Each user has their own,
readable by them alone: a shared file would tell everyone who ran what last night, which no one was asked about.

It is written whole and put in the place of the one before, so that a reader never sees half of it and a crash loses only the last minutes.
What another session wrote there is taken in first: of two sessions each keeps what the other saw, and neither needs a lock.
*/
import {createHash} from 'node:crypto';
import {lstatSync} from 'node:fs';
import {hostname} from 'node:os';
import {dirname, join} from 'node:path';
import {setImmediate as breathe} from 'node:timers/promises';
import {makeFolder, writeFileAtomic} from '../../base/safe-files.ts';
import {readSmallFile} from '../../base/small-file.ts';
import {type HistoryRecord, historyHeader, historyLine, historyRecords} from '../../gpu/history/format.ts';
import type {GpuHistory} from '../../gpu/history/gpu-history.ts';
import {longestMs, tiers} from '../../gpu/history/metrics.ts';
import type {ProcessHistory} from '../../gpu/history/process-history.ts';
import type {Host} from '../../host/host.ts';

export type History = {gpus: GpuHistory; processes: ProcessHistory};

/** A day of 16 GPUs has about 4 MiB; of more GPUs the finest readings are left out first. */
export const mostBytes = 8 * 1024 ** 2;

const clockErrorMs = 60_000;

type HistoryHost = Pick<Host, 'paths'> & {engine: Pick<Host['engine'], 'address' | 'local'>};

/** One for each host: the user's folder may be the same on several. */
export function historyPath({paths, engine}: HistoryHost): string {
	const name = engine.local ? hostname() : engine.address;
	const digest = createHash('sha256').update(name).digest('hex').slice(0, 16);
	return join(dirname(paths.state), 'history', `${digest}.jsonl`);
}

/** Lines that are read or written in one go, some milliseconds: keys are answered in between. */
const linesAtOnce = 500;

/** Which file is there, as far as another one in its place shows; undefined where there is none. */
function fileStamp(path: string): string | undefined {
	const {ino, size, mtimeMs} = lstatSync(path, {throwIfNoEntry: false}) ?? {};
	return ino === undefined ? undefined : `${ino} ${size} ${mtimeMs}`;
}

/**
Takes in what the file holds and is not known yet. A file that is missing, unreadable or of another version holds nothing.

@returns which file that was, for `saveHistory`
*/
export async function takeInHistory(path: string, history: History, nowMs = Date.now()): Promise<string | undefined> {
	let stamp: string | undefined;
	let text: string;
	try {
		stamp = fileStamp(path);
		text = readSmallFile(path, {maxBytes: mostBytes, noLink: true}).toString('utf8');
	} catch {
		// It is written again with what is known; the figures of now do not depend on it.
		return stamp;
	}

	let lines = 0;
	for (const record of historyRecords(text)) {
		lines += 1;
		if (lines % linesAtOnce === 0) {
			await breathe();
		}

		// Written while the clock was wrong, it would keep the place of what is still to come.
		if (record?.kind === 'gpu' && record.bucket.at * record.bucket.seconds * 1000 <= nowMs + clockErrorMs) {
			history.gpus.fill(record.bucket);
		} else if (record?.kind === 'process' && record.span.toMs <= nowMs + clockErrorMs) {
			history.processes.fill(record.span);
		}
	}

	return stamp;
}

/**
Writes all that is known of the last day, and what another session put into the file.

@param known the file that was taken in or written last, which is not read again
@returns which file is there now
@throws Failure, errors of the file system
*/
export async function saveHistory(
	path: string,
	history: History,
	nowMs: number,
	known?: string,
): Promise<string | undefined> {
	if (known === undefined || fileStamp(path) !== known) {
		await takeInHistory(path, history, nowMs);
	}

	makeFolder(dirname(path), {mode: 0o700});
	let text = `${historyHeader}\n`;
	let bytes = text.length;
	for (const records of [
		spansOf(history, nowMs),
		...tiers.toReversed().map((tier) => bucketsOf(history, tier, nowMs)),
	]) {
		const part = await linesOf(records);
		const length = Buffer.byteLength(part);
		if (bytes + length <= mostBytes) {
			text += part;
			bytes += length;
		}
	}

	writeFileAtomic(path, text, {mode: 0o600, replaceable: true});
	return fileStamp(path);
}

function spansOf({processes}: History, nowMs: number): HistoryRecord[] {
	return processes.since(nowMs - longestMs).map((span) => ({kind: 'process', span}));
}

function bucketsOf({gpus}: History, {seconds, length}: (typeof tiers)[number], nowMs: number): HistoryRecord[] {
	return gpus.buckets(seconds, nowMs - seconds * length * 1000).map((bucket) => ({kind: 'gpu', bucket}));
}

async function linesOf(records: readonly HistoryRecord[]): Promise<string> {
	let text = '';
	for (const [place, record] of records.entries()) {
		text += `${historyLine(record)}\n`;
		if (place % linesAtOnce === linesAtOnce - 1) {
			await breathe();
		}
	}

	return text;
}
