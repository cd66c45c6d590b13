import {lstatSync, mkdirSync, rmSync, type Stats, statSync} from 'node:fs';
import {dirname} from 'node:path';
import {mayKeepFiles} from './root-owned.ts';

/**
Where compiled code of gpubox is kept: code that Node runs without another look, so no other user may be able to write there.
Node's own place for it is one folder for everyone in /tmp.

@returns undefined when there is no such folder; gpubox then starts a little slower
*/
export function findCodeCache({
	HOME,
	XDG_CACHE_HOME,
	NODE_COMPILE_CACHE,
}: Record<string, string | undefined>): string | undefined {
	const caches = XDG_CACHE_HOME?.startsWith('/')
		? XDG_CACHE_HOME
		: HOME?.startsWith('/')
			? `${HOME}/.cache`
			: undefined;
	if (NODE_COMPILE_CACHE || caches === undefined) {
		return NODE_COMPILE_CACHE || undefined;
	}

	// What sudo keeps of the caller's environment is not root's.
	if (!mayKeepFiles(caches)) {
		return undefined;
	}

	const folder = `${caches}/gpubox-code`;
	try {
		let found = lstatSync(folder, {throwIfNoEntry: false});
		// An earlier version made it as wide as the umask of the moment allowed: its files may come from any user.
		if (found && isOurs(found) && !isPrivate(found) && isPrivate(statSync(caches))) {
			rmSync(folder, {recursive: true});
			found = undefined;
		}

		if (found === undefined) {
			mkdirSync(folder, {recursive: true, mode: 0o700});
			found = lstatSync(folder);
		}

		// A user who can write to the folder above could replace it.
		return [folder, ...upTo(HOME, caches)].every((path) => isPrivate(statSync(path))) && isOurs(found)
			? folder
			: undefined;
	} catch {
		// No room, no rights, or a file in its place.
		return undefined;
	}
}

/** A folder and those above it, up to the home that they are in. */
function upTo(home: string | undefined, path: string): string[] {
	const parent = dirname(path);
	return home !== undefined && parent.startsWith(`${home}/`) ? [path, ...upTo(home, parent)] : [path];
}

function isOurs(found: Stats): boolean {
	return found.isDirectory() && found.uid === process.getuid?.();
}

/** Only its owner may write to it: the caller, or root above the caller's folder. */
function isPrivate(found: Stats): boolean {
	return found.isDirectory() && [process.getuid?.(), 0].includes(found.uid) && (found.mode & 0o022) === 0;
}
