import {closeSync, fstatSync, constants as open, openSync, readSync} from 'node:fs';
import timers from 'node:timers/promises';

/** Between two looks, in milliseconds: on file systems of clusters there are no events for files that grow. */
const pauseMs = 300;
const pieceBytes = 256 * 1024;

/**
A file while another program writes it, from the byte `from` on. One that does not exist yet is waited for; links and anything but a
plain file count as not there.

@param options.over aborts when no more will come: what is left is given, then the end
@throws the reason of `signal`; errors of the file system
*/
export async function* readGrowing(
	path: string,
	{from, over, signal}: {from: number; over: AbortSignal; signal: AbortSignal},
): AsyncGenerator<Buffer> {
	for (let place = from; ; ) {
		signal.throwIfAborted();
		// Before the look: what is written between the two is there then.
		const last = over.aborted;
		for (let piece = readAt(path, place); piece.length > 0; piece = readAt(path, place)) {
			place += piece.length;
			yield piece;
			signal.throwIfAborted();
		}

		if (last) {
			return;
		}

		await timers.setTimeout(pauseMs, undefined, {signal: AbortSignal.any([signal, over])}).catch(() => {});
	}
}

/** Opened again each time: only that shows what another machine wrote, on file systems such as NFS. */
function readAt(path: string, place: number): Buffer {
	let fd: number;
	try {
		fd = openSync(path, open.O_RDONLY | open.O_NOFOLLOW | open.O_NONBLOCK);
	} catch (error) {
		const {code} = error as NodeJS.ErrnoException;
		if (code === 'ENOENT' || code === 'ELOOP' || code === 'ESTALE') {
			return Buffer.alloc(0);
		}

		throw error;
	}

	try {
		const info = fstatSync(fd);
		const buffer = Buffer.alloc(info.isFile() ? Math.max(0, Math.min(info.size - place, pieceBytes)) : 0);
		return buffer.subarray(0, readSync(fd, buffer, 0, buffer.length, place));
	} finally {
		closeSync(fd);
	}
}
