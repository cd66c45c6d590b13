import {randomBytes} from 'node:crypto';
import {closeSync, constants, fstatSync, lstatSync, openSync, readSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {Failure} from '../../base/failure.ts';
import {writeFileAtomic} from '../../base/safe-files.ts';
import {adviceForWrite} from '../../base/write-advice.ts';
import type {Host, Paths} from '../../host/host.ts';
import type {Box} from '../box.ts';
import {boxFolder} from '../paths.ts';

/** The file of a box's folder that holds Jupyter's token. */
export const tokenFile = 'token';

/** Larger than any token: nothing beyond is read. */
const mostBytes = 4096;

/** An empty one would switch the password off, a short one can be guessed. As templates/box/jupyter_config.py has it. */
export function isToken(text: string): boolean {
	return text.length <= mostBytes && /^[\w-]{32,}$/.test(text) && !text.endsWith('\n');
}

export function makeToken(): string {
	return randomBytes(24).toString('base64url');
}

/** The token in a file; undefined when there is none that Jupyter would accept. A link or a device is not read. */
export function readTokenFile(path: string): string | undefined {
	let file: number;
	try {
		file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
	} catch {
		return undefined;
	}

	try {
		const content = Buffer.alloc(mostBytes + 1);
		const text = fstatSync(file).isFile() ? content.toString('latin1', 0, readSync(file, content)) : '';
		return isToken(text) ? text : undefined;
	} catch {
		return undefined;
	} finally {
		closeSync(file);
	}
}

/**
Gives a stopped box a new token when its token is invalid: the file is empty, truncated or not a file. A running box has already read
its token.

@returns a note for the user; undefined when there is nothing to do
@throws Failure when it cannot be written
*/
export function renewBadToken(
	paths: Paths,
	box: Pick<Box, 'name' | 'folder' | 'services' | 'state'>,
): string | undefined {
	// Without a folder it is another user's box, or was created by another account.
	const folder = box.folder === undefined ? undefined : boxFolder(paths, box.folder);
	const owner = folder === undefined ? undefined : statSync(folder, {throwIfNoEntry: false});
	if (folder === undefined || !box.services.includes('jupyter') || !owner?.isDirectory()) {
		return undefined;
	}

	const path = join(folder, tokenFile);
	if (readTokenFile(path) !== undefined) {
		return undefined;
	}

	if (box.state === 'running') {
		return `The token file of ${box.name} is damaged. To create a new token: gpubox stop ${box.name} && gpubox start ${box.name}`;
	}

	try {
		// Root owns the folder; the file belongs to the box's user.
		const {uid, gid} = lstatSync(path, {throwIfNoEntry: false}) ?? owner;
		// No line break: Jupyter would treat it as part of the token.
		writeFileAtomic(path, makeToken(), {mode: 0o600, owner: {uid, gid}});
	} catch (error) {
		throw new Failure(
			`The token of ${box.name} is damaged, and a new one cannot be written: ${(error as Error).message}`,
			{
				fix: adviceForWrite(error, path),
				cause: error,
			},
		);
	}

	return `The token of ${box.name} was damaged and has been replaced: gpubox open ${box.name}`;
}

/** The Jupyter token in a box's folder; undefined when the box is not the caller's, was created elsewhere, or has no valid token. */
export function readToken(paths: Paths, folder: string | undefined): string | undefined {
	return folder === undefined ? undefined : readTokenFile(join(boxFolder(paths, folder), tokenFile));
}

/** The token of the caller's own box; undefined for those of others, and as `readToken`. */
export function readOwnToken(
	{paths}: Pick<Host, 'paths'>,
	{mine, folder}: Pick<Box, 'mine' | 'folder'>,
): string | undefined {
	return mine ? readToken(paths, folder) : undefined;
}
