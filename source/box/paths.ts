/** Where a box's files are: on the host, and inside. */
import {join} from 'node:path';
import type {Paths, Person} from '../host/host.ts';

/** Where a box finds its own files. */
export const inside = {
	project: '/workspace',
	files: '/run/gpubox',
	token: '/run/secrets/jupyter_token',
} as const;

/** One folder for each box holds what it must find at its start. @param folder its name (see folders.ts) */
export function boxFolder(paths: Paths, folder: string): string {
	return join(paths.state, folder);
}

/**
Home and caches of who a box runs as. Root keeps a pair for each person it makes boxes for, in its own folders: what one of them
leaves in there, such as a shell profile, is not for the others to run.

@param caller the uid of who calls
*/
export function homeFolders({home, cache}: Paths, caller: number, {uid}: Person): Pick<Paths, 'home' | 'cache'> {
	return caller === 0 && uid !== 0 ? {home: `${home}-${uid}`, cache: `${cache}-${uid}`} : {home, cache};
}
