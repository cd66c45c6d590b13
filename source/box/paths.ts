/** Where a box's files are: on the host, and inside. */
import {join} from 'node:path';
import type {Paths, Person} from '../host/host.ts';

/** Where a box finds its own files. */
export const inside = {
	project: '/workspace',
	files: '/run/gpubox',
	token: '/run/secrets/jupyter_token',
} as const;

/** One folder for each box has the files it needs at its start. @param folder its name (see files/directories.ts) */
export function boxFolder(paths: Paths, folder: string): string {
	return join(paths.state, folder);
}

/**
Home and caches of the user a box runs as. Root keeps a pair for each user it creates boxes for, in its own folders, so that files of
one of them, such as a shell profile, are not run by another.

@param caller the caller's uid
*/
export function homeFolders({home, cache}: Paths, caller: number, {uid}: Person): Pick<Paths, 'home' | 'cache'> {
	return caller === 0 && uid !== 0 ? {home: `${home}-${uid}`, cache: `${cache}-${uid}`} : {home, cache};
}
