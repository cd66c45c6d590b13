/** Reading a recording, or the history that a session wrote: both have the same format. */
import {type HistoryRecord, historyKind, historyRecords, type RecordedCard, type RecordedMachine} from './format.ts';
import type {Bucket} from './gpu-history.ts';
import {type Figures, tiers} from './metrics.ts';
import {ProcessHistory, type ProcessSpan} from './process-history.ts';

/** The most that a recording may have: 17 hours of eight GPUs. */
export const mostRecordingBytes = 64 * 1024 ** 2;

/** The figures of a GPU from a moment on, for some seconds. */
type RecordedReading = {atMs: number; lengthMs: number; figures: Figures};

/** What was recorded. Times in milliseconds since 1970. */
export type Recording = {
	machine: RecordedMachine | undefined;
	/** Of a history of the host only their UUIDs are known, and the rest is null. */
	cards: RecordedCard[];
	/** By UUID, the oldest first; none overlap. */
	readings: Map<string, RecordedReading[]>;
	spans: ProcessSpan[];
	fromMs: number;
	toMs: number;
};

/** Why a text is no recording. */
export class NoRecording extends Error {
	override name = 'NoRecording';
	readonly newer: boolean;

	constructor(message: string, {newer = false} = {}) {
		super(message);
		this.newer = newer;
	}
}

/** @throws {NoRecording} with the reason */
export function readRecording(text: string): Recording {
	const kind = historyKind(text);
	if (kind !== 'readable') {
		throw kind === 'newer'
			? new NoRecording('a newer version of gpubox wrote it', {newer: true})
			: new NoRecording('it is no recording');
	}

	const records = [...historyRecords(text)].filter((record) => record !== undefined);
	const readings = readingsByCard(records);
	const all = [...readings.values()].flat();
	if (all.length === 0) {
		throw new NoRecording('there is no reading in it');
	}

	const fromMs = all.reduce((least, {atMs}) => Math.min(least, atMs), Number.POSITIVE_INFINITY);
	const toMs = all.reduce((most, {atMs, lengthMs}) => Math.max(most, atMs + lengthMs), 0);
	return {
		machine: records.find((record) => record.kind === 'machine')?.machine,
		cards: cardsOf(records, readings),
		readings,
		spans: spansOf(records),
		fromMs,
		toMs,
	};
}

function readingsByCard(records: readonly HistoryRecord[]): Map<string, RecordedReading[]> {
	const buckets = new Map<string, Bucket[]>();
	for (const record of records) {
		if (record.kind === 'gpu') {
			const {uuid} = record.bucket;
			const known = buckets.get(uuid);
			if (known === undefined) {
				buckets.set(uuid, [record.bucket]);
			} else {
				known.push(record.bucket);
			}
		}
	}

	return new Map([...buckets].map(([uuid, of]) => [uuid, inOrder(of)]));
}

/** The finest of each time: a history has the last minutes by the second, the hour before more coarsely. */
function inOrder(buckets: readonly Bucket[]): RecordedReading[] {
	let firstMs = Number.POSITIVE_INFINITY;
	let kept: RecordedReading[] = [];
	for (const {seconds} of tiers) {
		const before = firstMs;
		const tier = buckets
			.filter((bucket) => bucket.seconds === seconds)
			.map(({at, figures}) => ({atMs: at * seconds * 1000, lengthMs: seconds * 1000, figures}))
			.filter(({atMs, lengthMs}) => atMs + lengthMs <= before)
			.sort((one, other) => one.atMs - other.atMs);
		firstMs = Math.min(firstMs, tier[0]?.atMs ?? firstMs);
		kept = [...tier, ...kept];
	}

	return kept;
}

function cardsOf(records: readonly HistoryRecord[], readings: ReadonlyMap<string, unknown>): RecordedCard[] {
	const told = new Map(records.flatMap((record) => (record.kind === 'card' ? [[record.card.uuid, record.card]] : [])));
	const untold = [...readings.keys()].filter((uuid) => !told.has(uuid));
	// Not as arguments of Math.max: a file may tell more cards than a call can have arguments.
	const free = [...told.values()].reduce((most, {index}) => Math.max(most, index), -1) + 1;
	return [
		...told.values(),
		...untold.map((uuid, place) => ({
			index: free + place,
			uuid,
			name: '',
			busId: null,
			computeCapability: null,
			memoryTotalMiB: null,
			powerLimit: null,
			migMode: null,
			mig: [],
		})),
	];
}

/** A process that runs is written again and again, each time with all of its time. */
function spansOf(records: readonly HistoryRecord[]): ProcessSpan[] {
	const history = new ProcessHistory();
	for (const record of records) {
		if (record.kind === 'process') {
			history.fill(record.span);
		}
	}

	return history.since(0);
}
