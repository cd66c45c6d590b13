import {closeSync, fstatSync, ftruncateSync, constants as open, openSync, writeSync} from 'node:fs';
import {join} from 'node:path';
import type {LogChunk} from '../../engine/engine.ts';

/** What a log is called until all of it is copied from the engine. */
export const unfinishedLog = '.log.new';

/** The file in a run's folder that its output is in. */
export function logPath(folder: string): string {
	return join(folder, 'log');
}

/** Given up at the end of a log that did not fit, for the line that says so and for the manifest. */
const roomBytes = 64 * 1024;

/** What may be kept back of a line that has not ended, in bytes. */
const longestLine = 64 * 1024;

/**
The log of a run while it is written. The two streams arrive in pieces of any length: a line of one is written whole, not with a piece of the
other in it. A full disk does not end the run: what could not be written is counted, and the log says how
much is missing as soon as there is room again, at the latest when it is closed.
*/
export class LogFile {
	readonly #fd: number | undefined;
	/** Bytes that are missing since the last line that says so. */
	#missing = 0;
	#lost = 0;
	/** Beginnings of lines. */
	readonly #held: Record<LogChunk['stream'], Buffer> = {stdout: Buffer.alloc(0), stderr: Buffer.alloc(0)};

	/** @param options.empty drops what is there */
	constructor(folder: string, {empty = false}: {empty?: boolean} = {}) {
		const flags =
			open.O_WRONLY | open.O_CREAT | open.O_APPEND | open.O_NOFOLLOW | open.O_NONBLOCK | (empty ? open.O_TRUNC : 0);
		try {
			const fd = openSync(logPath(folder), flags, 0o644);
			const info = fstatSync(fd);
			// The job itself can write into this folder.
			if (info.isFile() && info.nlink === 1 && info.uid === process.getuid?.()) {
				this.#fd = fd;
			} else {
				closeSync(fd);
			}
		} catch {
			// Everything is missing then, which is told at the end.
		}
	}

	append({stream, data}: LogChunk): void {
		const held = this.#held[stream];
		const end = Math.max(data.lastIndexOf('\n'), data.lastIndexOf('\r')) + 1;
		if (end > 0 || held.length + data.length > longestLine) {
			const cut = end > 0 ? end : data.length;
			if (held.length > 0) {
				this.#append(held);
			}

			this.#append(data.subarray(0, cut));
			this.#held[stream] = Buffer.from(data.subarray(cut));
		} else {
			this.#held[stream] = Buffer.concat([held, data]);
		}
	}

	/** @returns bytes that are missing in the file */
	close(): number {
		for (const stream of ['stdout', 'stderr'] as const) {
			if (this.#held[stream].length > 0) {
				this.#append(this.#held[stream]);
			}
		}

		if (this.#missing > 0 && !this.#write(Buffer.from(gapLine(this.#missing)))) {
			this.#makeRoom();
			this.#write(Buffer.from(gapLine(this.#missing)));
		}

		if (this.#fd !== undefined) {
			closeSync(this.#fd);
		}

		return this.#lost;
	}

	/** The end of what is there gives way. */
	#makeRoom(): void {
		if (this.#fd === undefined) {
			return;
		}

		try {
			const {size} = fstatSync(this.#fd);
			if (size > 2 * roomBytes) {
				ftruncateSync(this.#fd, size - roomBytes);
				this.#skip(roomBytes);
			}
		} catch {
			// Then the count alone tells it.
		}
	}

	#append(data: Uint8Array): void {
		if (this.#missing > 0 && !this.#write(Buffer.from(gapLine(this.#missing)))) {
			this.#skip(data.length);
			return;
		}

		this.#missing = 0;
		if (!this.#write(data)) {
			this.#skip(data.length);
		}
	}

	#skip(length: number): void {
		this.#missing += length;
		this.#lost += length;
	}

	/** Whole pieces only: what was written of one before the disk was full is counted as missing, too. */
	#write(data: Uint8Array): boolean {
		if (this.#fd === undefined) {
			return false;
		}

		try {
			for (let written = 0; written < data.length; ) {
				written += writeSync(this.#fd, data, written);
			}

			return true;
		} catch {
			return false;
		}
	}
}

function gapLine(bytes: number): string {
	return `\n[gpubox: ${bytes} bytes of the output are missing here: the log could not be written]\n`;
}
