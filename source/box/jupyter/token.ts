import {randomBytes} from 'node:crypto';
import {closeSync, constants, fstatSync, lstatSync, openSync, readSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {Failure} from '../../base/failure.ts';
import {writeFileAtomic} from '../../base/safe-files.ts';
import type {Host, Paths} from '../../host/host.ts';
import type {Box} from '../box.ts';
import {boxFolder} from '../paths.ts';

/** The file of a box's folder that holds Jupyter's token. */
export const tokenFile = 'token';

/** More than any token has: nothing beyond is read. */
const mostBytes = 4096;

/** An empty one would switch the password off, a short one can be guessed. As templates/box/jupyter_config.py has it. */
export function isToken(text: string): boolean {
	return text.length <= mostBytes && /^[\w-]{32,}$/.test(text) && !text.endsWith('\n');
}

export function makeToken(): string {
	return randomBytes(24).toString('base64url');
}

/** The token in a file; undefined when there is none that Jupyter would take. A link or a device is not read. */
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
Gives a box that does not run a new token when the one that it has is none: its file is empty, cut off or not a file. A running one has read
its own already.

@returns what to tell the person; undefined when there is nothing to do
@throws Failure when it cannot be written
*/
export function renewBadToken(
	paths: Paths,
	box: Pick<Box, 'name' | 'folder' | 'services' | 'state'>,
): string | undefined {
	// Without a folder it is somebody else's box, or was made from another account.
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
		return `The token file of ${box.name} is damaged. It gets a new token with: gpubox stop ${box.name} && gpubox start ${box.name}`;
	}

	try {
		// Root keeps the folder; the file is whose the box is.
		const {uid, gid} = lstatSync(path, {throwIfNoEntry: false}) ?? owner;
		// No line break: Jupyter would take it for a part of the token.
		writeFileAtomic(path, makeToken(), {mode: 0o600, owner: {uid, gid}});
	} catch (error) {
		throw new Failure(
			`The token of ${box.name} is damaged, and no new one can be written: ${(error as Error).message}`,
			{
				fix: `Make room, or remove ${path} yourself.`,
				cause: error,
			},
		);
	}

	return `The token of ${box.name} was damaged, so it has a new one: gpubox open ${box.name}`;
}

/** The Jupyter token in a box's folder; undefined when it is not the caller's box, was made elsewhere, or is none that Jupyter takes. */
export function readToken(paths: Paths, folder: string | undefined): string | undefined {
	return folder === undefined ? undefined : readTokenFile(join(boxFolder(paths, folder), tokenFile));
}

/** The token of the caller's own box; undefined for anybody else's, and as `readToken`. */
export function readOwnToken(
	{paths}: Pick<Host, 'paths'>,
	{mine, folder}: Pick<Box, 'mine' | 'folder'>,
): string | undefined {
	return mine ? readToken(paths, folder) : undefined;
}
