import type {Dirent, Stats} from 'node:fs';
import {lstat, opendir} from 'node:fs/promises';
import {join} from 'node:path';

export type FolderSize = {
	/** What it takes on the disk. */
	bytes: number;
	/** False when there was not enough time, or when something in it cannot be read: then it is at least this. */
	complete: boolean;
	/** When the newest file in it was written; null for an empty one. */
	lastWrittenAt: Date | null;
};

/**
Adds up a folder. Links are not followed, and a file with several names counts once.

@param deadline of `performance.now()`: what is not read by then is left out
@returns undefined when there is no such folder
@throws the signal's reason
*/
export async function folderSize(
	path: string,
	{deadline, signal}: {deadline: number; signal: AbortSignal},
): Promise<FolderSize | undefined> {
	const seen = new Set<string>();
	const waiting = [path];
	let [bytes, newest, complete] = [0, 0, true];
	const add = ({dev, ino, nlink, blocks, mtimeMs}: Stats, isFile: boolean) => {
		const key = `${dev}:${ino}`;
		if (isFile && nlink > 1) {
			if (seen.has(key)) {
				return;
			}

			seen.add(key);
		}

		bytes += blocks * 512;
		newest = isFile ? Math.max(newest, mtimeMs) : newest;
	};
	for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
		signal.throwIfAborted();
		if (performance.now() > deadline) {
			complete = false;
			break;
		}

		try {
			for await (const entry of await opendir(folder)) {
				const full = join(folder, entry.name);
				add(await lstat(full), !isFolder(entry));
				if (isFolder(entry)) {
					waiting.push(full);
				}
			}
		} catch (error) {
			if (folder === path && (error as NodeJS.ErrnoException).code === 'ENOENT') {
				return undefined;
			}

			// Of another user, or removed meanwhile.
			complete = false;
		}
	}

	return {bytes, complete, lastWrittenAt: newest === 0 ? null : new Date(newest)};
}

function isFolder(entry: Dirent): boolean {
	return entry.isDirectory();
}
