/**
The history of a host in a file of the user: what this user's gpubox saw of the GPUs and of who ran what on them. Each user has their own,
readable by them alone: a shared file would tell everyone who ran what last night, which no one was asked about.

It is written whole and put in the place of the one before, so that a reader never sees half of it and a crash loses only the last minute.
What stands in it is taken in first: of two sessions each keeps what the other saw, and neither needs a lock.
*/
import {createHash} from 'node:crypto';
import {hostname} from 'node:os';
import {dirname, join} from 'node:path';
import {makeFolder, writeFileAtomic} from '../../base/safe-files.ts';
import {readSmallFile} from '../../base/small-file.ts';
import {type HistoryRecord, readHistory, writeHistory} from '../../gpu/history/format.ts';
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

/** Takes in what the file holds and is not known yet. A file that is missing, unreadable or of another version holds nothing. */
export function takeInHistory(path: string, history: History, nowMs = Date.now()): void {
	let text: string;
	try {
		text = readSmallFile(path, {maxBytes: mostBytes, noLink: true}).toString('utf8');
	} catch {
		// It is written again with what is known; the figures of now do not depend on it.
		return;
	}

	for (const record of readHistory(text).records) {
		const untilMs = record.kind === 'gpu' ? record.bucket.at * record.bucket.seconds * 1000 : record.span.toMs;
		if (untilMs > nowMs + clockErrorMs) {
			// Written while the clock was wrong: it would keep the place of what is still to come.
			continue;
		}

		if (record.kind === 'gpu') {
			history.gpus.fill(record.bucket);
		} else {
			history.processes.fill(record.span);
		}
	}
}

/** Writes all that is known of the last day, and what the file held. @throws Failure, errors of the file system */
export function saveHistory(path: string, history: History, nowMs: number): void {
	takeInHistory(path, history, nowMs);
	makeFolder(dirname(path), {mode: 0o700});
	const spans = history.processes.since(nowMs - longestMs).map((span): HistoryRecord => ({kind: 'process', span}));
	const coarsestFirst = tiers
		.toReversed()
		.map(({seconds, length}) =>
			history.gpus
				.buckets(seconds, nowMs - seconds * length * 1000)
				.map((bucket): HistoryRecord => ({kind: 'gpu', bucket})),
		);
	let records = spans;
	let text = writeHistory(records);
	for (const tier of coarsestFirst) {
		const longer = [...records, ...tier];
		const next = writeHistory(longer);
		if (next.length > mostBytes) {
			break;
		}

		records = longer;
		text = next;
	}

	writeFileAtomic(path, text, {mode: 0o600, replaceable: true});
}
