import {accessSync, constants, statSync} from 'node:fs';
import type {Diagnostic} from '../../base/failure.ts';
import {safeText} from '../../text/safe.ts';

/** Why nothing can be read in the user's ~/.ssh; undefined when something can, or when there is none. Never throws. */
export function findSshFolderFault(folder: string): Diagnostic | undefined {
	const shown = safeText(folder);
	try {
		if (!statSync(folder).isDirectory()) {
			return {message: `${shown} is not a folder.`, fix: `Move it away: mv ${shown} ${shown}.old`};
		}

		accessSync(folder, constants.R_OK | constants.X_OK);
		return undefined;
	} catch (error) {
		const {code = ''} = error as NodeJS.ErrnoException;
		return code === 'ENOENT'
			? undefined
			: {message: `${shown} cannot be read (${code}).`, fix: `Make it yours and readable: chmod 700 ${shown}`};
	}
}
