/** The file of a recording: it grows with each reading, so that one whose program was killed can be played up to then. */
import {appendFileSync, closeSync, existsSync, fstatSync, lstatSync, constants as open, openSync} from 'node:fs';
import {Failure} from '../../base/failure.ts';
import {writeFileAtomic} from '../../base/safe-files.ts';
import type {GpuFrame} from '../../gpu/gpu.ts';
import {type HistoryRecord, historyHeader, historyLine} from '../../gpu/history/format.ts';
import {figuresOf} from '../../gpu/history/metrics.ts';
import {mostRecordingBytes} from '../../gpu/history/recording.ts';
import {safeText} from '../../text/safe.ts';

export type RecordingFile = {
	/** Of all GPUs together. */
	readonly readings: number;
	/** The GPUs that were read. */
	readonly uuids: ReadonlySet<string>;
	/** The first and the last reading, in milliseconds since 1970; 0 before the first. */
	readonly fromMs: number;
	readonly toMs: number;
	readonly bytes: number;
	/** Makes the file at the first reading. @returns whether there is room for more @throws Failure */
	add(frame: GpuFrame): boolean;
	/** Nothing before the first reading. @throws Failure */
	write(records: readonly HistoryRecord[]): void;
	close(): void;
};

/** Room for the processes at the end. */
const reservedBytes = 1024 ** 2;

/** @throws Failure where it is, and is not to be replaced */
export function refuseExisting(path: string): void {
	if (existsSync(path)) {
		throw isThere(path);
	}
}

/**
@param head what it begins with
@param force replaces a file that is there
*/
export function createRecordingFile(path: string, head: readonly HistoryRecord[], force: boolean): RecordingFile {
	const uuids = new Set<string>();
	let file: number | undefined;
	let readings = 0;
	let bytes = 0;
	let fromMs = 0;
	let toMs = 0;
	const append = (text: string) => {
		if (file !== undefined && text !== '') {
			inWords(path, () => appendFileSync(file ?? -1, text));
			bytes += Buffer.byteLength(text);
		}
	};
	return {
		uuids,
		get readings() {
			return readings;
		},
		get fromMs() {
			return fromMs;
		},
		get toMs() {
			return toMs;
		},
		get bytes() {
			return bytes;
		},
		add(frame) {
			if (frame.samples.length === 0) {
				return true;
			}

			toMs = frame.at ?? Date.now();
			if (file === undefined) {
				fromMs = toMs;
				file = inWords(path, () => makeFile(path, force));
				append(`${historyHeader}\n${linesOf(head)}`);
			}

			append(linesOf(readingsOf(frame, toMs)));
			readings += frame.samples.length;
			for (const {uuid} of frame.samples) {
				uuids.add(uuid);
			}

			return bytes < mostRecordingBytes - reservedBytes;
		},
		write(records) {
			append(linesOf(records));
		},
		close() {
			if (file !== undefined) {
				closeSync(file);
			}
		},
	};
}

function readingsOf({samples}: GpuFrame, atMs: number): HistoryRecord[] {
	return samples.map((sample) => ({
		kind: 'gpu',
		bucket: {uuid: sample.uuid, seconds: 1, at: Math.floor(atMs / 1000), figures: figuresOf(sample)},
	}));
}

function linesOf(records: readonly HistoryRecord[]): string {
	return records.map((record) => `${historyLine(record)}\n`).join('');
}

/** Who ran what is for the caller's eyes, whatever the umask. */
function makeFile(path: string, force: boolean): number {
	refuseSpecial(path);
	writeFileAtomic(path, '', {mode: 0o600, anyFolder: true, isNew: !force});
	return openMade(path);
}

/** Where others can write in the folder, it may be another one by now. @throws Failure */
export function openMade(path: string): number {
	const file = openSync(path, open.O_WRONLY | open.O_APPEND | open.O_NOFOLLOW | open.O_NONBLOCK);
	const info = fstatSync(file);
	if (!info.isFile() || info.uid !== process.getuid?.() || info.nlink !== 1 || info.size !== 0) {
		closeSync(file);
		throw new Failure(`${safeText(path)} was replaced by another program.`, {
			fix: 'Choose a folder in which no one else can write.',
		});
	}

	return file;
}

/** A device or a socket, which `--force` would replace too. @throws Failure */
function refuseSpecial(path: string): void {
	const info = lstatSync(path, {throwIfNoEntry: false});
	if (info !== undefined && !info.isFile() && !info.isSymbolicLink()) {
		throw new Failure(`${safeText(path)} is not a file, so it is not replaced.`, {fix: 'Choose another file.'});
	}
}

function inWords<T>(path: string, work: () => T): T {
	try {
		return work();
	} catch (error) {
		if (error instanceof Failure) {
			throw error;
		}

		const {code, message} = error as NodeJS.ErrnoException;
		throw code === 'EEXIST'
			? isThere(path)
			: new Failure(`Cannot write ${safeText(path)}: ${safeText(message)}`, {
					fix: 'Make room, or choose another file.',
					cause: error,
				});
	}
}

function isThere(path: string): Failure {
	return new Failure(`${safeText(path)} exists already.`, {fix: 'Replace it with --force, or choose another file.'});
}
