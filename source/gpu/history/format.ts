/**
The history as text: a JSON object a line. The first names the format and its version; each of the others is a card over some seconds or
a process over a time, and ends with a checksum of what stands before it, so that a line that was damaged or cut off is left out. A
recording, which is read elsewhere, also says which machine and cards it is about.
*/
import {crc32} from 'node:zlib';
import {safeText} from '../../text/safe.ts';
import type {GpuFacts} from '../gpu.ts';
import type {Bucket} from './gpu-history.ts';
import {metrics, type TierSeconds, tiers} from './metrics.ts';
import type {ProcessSpan} from './process-history.ts';

/** The machine of a recording. */
export type RecordedMachine = {
	host: string;
	person: string;
	driverVersion: string | null;
	cudaVersion: string | null;
};

/** What a recording says of a card once. */
export type RecordedCard = Pick<
	GpuFacts,
	'index' | 'uuid' | 'name' | 'busId' | 'computeCapability' | 'memoryTotalMiB' | 'powerLimit' | 'migMode' | 'mig'
>;

export type HistoryRecord =
	| {kind: 'gpu'; bucket: Bucket}
	| {kind: 'process'; span: ProcessSpan}
	| {kind: 'machine'; machine: RecordedMachine}
	| {kind: 'card'; card: RecordedCard};

const formatName = 'gpubox-history';
const version = 1;

/** The first line. */
export const historyHeader = JSON.stringify({format: formatName, version, figures: metrics});

/** A line after the first, without a line feed. */
export function historyLine(record: HistoryRecord): string {
	return withChecksum(jsonOf(record));
}

function jsonOf(record: HistoryRecord): string {
	switch (record.kind) {
		case 'gpu':
			return bucketJson(record.bucket);
		case 'process':
			return spanJson(record.span);
		case 'machine':
			return JSON.stringify({machine: record.machine});
		case 'card':
			return JSON.stringify({card: record.card});
	}
}

/** What a text is by its first line: this format, a later version of it, or something else. */
export function historyKind(text: string): 'readable' | 'newer' | 'other' {
	const head = parse(text.split('\n', 1)[0] ?? '');
	return head?.format !== formatName || typeof head.version !== 'number'
		? 'other'
		: head.version > version
			? 'newer'
			: 'readable';
}

/** Reads what can be read, a line at a time: undefined for a damaged one. A text of another format or version has no lines. */
export function* historyRecords(text: string): Generator<HistoryRecord | undefined, void> {
	if (historyKind(text) === 'readable') {
		for (const line of text.split('\n').slice(1)) {
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
		return isObject(value) ? value : undefined;
	} catch {
		return undefined;
	}
}

function isObject(value: unknown): value is Json {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readLine(line: string): HistoryRecord | undefined {
	const [, body, crc] = /^(\{.*),"crc":"([0-9a-f]{8})"\}$/.exec(line) ?? [];
	if (body === undefined || checksum(`${body}}`) !== crc) {
		return undefined;
	}

	const json = parse(`${body}}`);
	return json === undefined ? undefined : readRecord(json);
}

function readRecord(json: Json): HistoryRecord | undefined {
	return 'figures' in json
		? readBucket(json)
		: 'machine' in json
			? readMachine(json.machine)
			: 'card' in json
				? readCard(json.card)
				: readSpan(json);
}

function readMachine(value: unknown): HistoryRecord | undefined {
	if (!isObject(value)) {
		return undefined;
	}

	const {host, person, driverVersion, cudaVersion} = value;
	const machine = {
		host: textOf(host) ?? '',
		person: textOf(person) ?? '',
		driverVersion: textOf(driverVersion),
		cudaVersion: textOf(cudaVersion),
	};
	return {kind: 'machine', machine};
}

function readCard(value: unknown): HistoryRecord | undefined {
	if (!isObject(value)) {
		return undefined;
	}

	const uuid = textOf(value.uuid);
	const index = numberOf(value.index);
	return uuid === null || index === null
		? undefined
		: {
				kind: 'card',
				card: {
					uuid,
					index,
					name: textOf(value.name) ?? '',
					busId: textOf(value.busId),
					computeCapability: textOf(value.computeCapability),
					memoryTotalMiB: numberOf(value.memoryTotalMiB),
					powerLimit: numberOf(value.powerLimit),
					migMode: typeof value.migMode === 'boolean' ? value.migMode : null,
					mig: readSlices(value.mig),
				},
			};
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

function readSlices(value: unknown): RecordedCard['mig'] {
	return (Array.isArray(value) ? value : []).flatMap((slice: unknown) =>
		isObject(slice) ? [{uuid: textOf(slice.uuid) ?? '', profile: textOf(slice.profile) ?? ''}] : [],
	);
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
