import {statfs} from 'node:fs/promises';

/**
Bytes that are free for this user on the file system of a folder of this machine, such as the engine's root directory.
Null when it is unknown: the folder is on another machine, or cannot be read.
*/
export async function readFreeDisk(folder: string): Promise<number | null> {
	try {
		const {bavail, bsize} = await statfs(folder);
		return bavail * bsize;
	} catch {
		return null;
	}
}
