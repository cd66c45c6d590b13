/** Reads files that another user may have created: a clone may contain links to devices, pipes and endless files. */
import {closeSync, constants, fstatSync, openSync, readSync, type Stats, statSync} from 'node:fs';

/** What settings, keys and drafts may hold at most. */
const smallFileBytes = 256 * 1024;

export type SmallFileOptions = {
	/** At most so many bytes; more is refused. */
	maxBytes?: number;
	/** A pipe will do: `--secret NAME=<(pass show x)`. Then it is waited for, as any program would. */
	pipes?: boolean;
	/** A link in the file's place is refused. */
	noLink?: boolean;
	/** Looks at who owns the file and who may write to it. @returns why it will not do */
	check?: (info: Stats) => string | undefined;
};

/**
The content of a plain file. What the file is gets looked at before it is opened, because opening a device can do something, and
again afterwards, because it may be another by then.

@throws Error that says in words why it cannot be read; the system's own error where there is no such file, or no right to it
*/
export function readSmallFile(path: string, options: SmallFileOptions = {}): Buffer {
	const {maxBytes = smallFileBytes, pipes = false, noLink = false} = options;
	refuse(statSync(path), options);
	const waits = pipes && statSync(path).isFIFO();
	const file = openSync(
		path,
		constants.O_RDONLY | constants.O_NOCTTY | (waits ? 0 : constants.O_NONBLOCK) | (noLink ? constants.O_NOFOLLOW : 0),
	);
	try {
		refuse(fstatSync(file), options);
		return readAtMost(file, maxBytes);
	} finally {
		closeSync(file);
	}
}

/** What an open file, or stdin as 0, holds. @throws Error when it is more than so many bytes */
export function readAtMost(file: number, maxBytes: number): Buffer {
	const chunks: Buffer[] = [];
	let length = 0;
	for (;;) {
		// One more than allowed: a file may have grown, and one in /proc says that it has no size.
		const chunk = Buffer.alloc(Math.min(64 * 1024, maxBytes + 1 - length));
		const read = readSync(file, chunk);
		if (read === 0) {
			return Buffer.concat(chunks, length);
		}

		chunks.push(chunk.subarray(0, read));
		length += read;
		if (length > maxBytes) {
			throw new Error(tooLarge(maxBytes));
		}
	}
}

function refuse(info: Stats, {maxBytes = smallFileBytes, pipes = false, check}: SmallFileOptions): void {
	const fault =
		info.isFile() || (pipes && info.isFIFO())
			? info.size > maxBytes
				? tooLarge(maxBytes)
				: check?.(info)
			: `it is ${kindOf(info)}, not a plain file`;
	if (fault !== undefined) {
		throw new Error(fault);
	}
}

function tooLarge(maxBytes: number): string {
	return `it is larger than ${Math.round(maxBytes / 1024)} KiB`;
}

function kindOf(info: Stats): string {
	return info.isDirectory() ? 'a folder' : info.isFIFO() ? 'a pipe' : info.isSocket() ? 'a socket' : 'a device';
}
