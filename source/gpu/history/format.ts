/**
The history as text: a JSON object a line. The first names the format and its version; each of the others is a card over some seconds or
a process over a time, and ends with a checksum of what stands before it, so that a line that was damaged or cut off is left out.
*/
import {crc32} from 'node:zlib';
import {safeText} from '../../text/safe.ts';
import type {Bucket} from './gpu-history.ts';
import {metrics, type TierSeconds, tiers} from './metrics.ts';
import type {ProcessSpan} from './process-history.ts';

export type HistoryRecord = {kind: 'gpu'; bucket: Bucket} | {kind: 'process'; span: ProcessSpan};

/** The first line. */
export const historyHeader = JSON.stringify({format: 'gpubox-history', version: 1, figures: metrics});

/** A line after the first, without a line feed. */
export function historyLine(record: HistoryRecord): string {
	return withChecksum(record.kind === 'gpu' ? bucketJson(record.bucket) : spanJson(record.span));
}

/** Reads what can be read, a line at a time: undefined for a damaged one. A text of another format or version has no lines. */
export function* historyRecords(text: string): Generator<HistoryRecord | undefined, void> {
	const [first = '', ...lines] = text.split('\n');
	const head = parse(first);
	if (head?.format === 'gpubox-history' && head.version === 1) {
		for (const line of lines) {
			if (line !== '') {
				yield readLine(line);
			}
		}
	}
}

function withChecksum(json: string): string {
	return `${json.slice(0, -1)},"crc":"${checksum(json)}"}`;
}

function checksum(json: string): string {
	return crc32(json).toString(16).padStart(8, '0');
}

function bucketJson({uuid, seconds, at, figures}: Bucket): string {
	const rounded = figures.map((figure) => (figure === null ? null : Math.round(figure * 10) / 10));
	return JSON.stringify({at: new Date(at * seconds * 1000).toISOString(), seconds, gpu: uuid, figures: rounded});
}

function spanJson({uuid, fromMs, toMs, ...process}: ProcessSpan): string {
	return JSON.stringify({
		from: new Date(fromMs).toISOString(),
		to: new Date(toMs).toISOString(),
		gpu: uuid,
		...process,
	});
}

type Json = Record<string, unknown>;

function parse(line: string): Json | undefined {
	try {
		const value: unknown = JSON.parse(line);
		return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
	} catch {
		return undefined;
	}
}

function readLine(line: string): HistoryRecord | undefined {
	const [, body, crc] = /^(\{.*),"crc":"([0-9a-f]{8})"\}$/.exec(line) ?? [];
	if (body === undefined || checksum(`${body}}`) !== crc) {
		return undefined;
	}

	const json = parse(`${body}}`);
	return json === undefined ? undefined : 'figures' in json ? readBucket(json) : readSpan(json);
}

function readBucket({at, seconds, gpu, figures}: Json): HistoryRecord | undefined {
	const atMs = timeOf(at);
	const tier = tiers.find((each) => each.seconds === seconds);
	if (atMs === undefined || tier === undefined || typeof gpu !== 'string' || !Array.isArray(figures)) {
		return undefined;
	}

	const known = metrics.map((_, place) => numberOf(figures[place]));
	const period: TierSeconds = tier.seconds;
	return {
		kind: 'gpu',
		bucket: {uuid: safeText(gpu), seconds: period, at: Math.floor(atMs / 1000 / period), figures: known},
	};
}

function readSpan({from, to, gpu, pid, name, user, box, usedMemoryMiB}: Json): HistoryRecord | undefined {
	const fromMs = timeOf(from);
	const toMs = timeOf(to);
	return fromMs === undefined ||
		toMs === undefined ||
		toMs < fromMs ||
		typeof gpu !== 'string' ||
		typeof pid !== 'number'
		? undefined
		: {
				kind: 'process',
				span: {
					uuid: safeText(gpu),
					pid,
					name: textOf(name),
					user: textOf(user),
					box: textOf(box),
					usedMemoryMiB: numberOf(usedMemoryMiB),
					fromMs,
					toMs,
				},
			};
}

function timeOf(value: unknown): number | undefined {
	const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN;
	return ms >= 0 ? ms : undefined;
}

function numberOf(value: unknown): number | null {
	return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function textOf(value: unknown): string | null {
	return typeof value === 'string' ? safeText(value) : null;
}
