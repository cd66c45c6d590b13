/** Folders with data: where they usually are, and whether one can be mounted. */
import {stat} from 'node:fs/promises';
import {resolve} from 'node:path';
import {homeFolder} from '../base/home.ts';
import {expandHome} from '../text/home-path.ts';
import {safeText} from '../text/safe.ts';

const usualPlaces = [
	'/data',
	'/datasets',
	'/mnt/data',
	'/mnt/datasets',
	'/srv/data',
	'/scratch',
	'~/data',
	'~/datasets',
];

/** A network folder without its server blocks forever. */
const patienceMs = 2000;

/** The usual places that exist, absolute. */
export async function likelyFolders(): Promise<string[]> {
	const paths = usualPlaces.map(toPath);
	const faults = await Promise.all(paths.map(faultOfFolder));
	return paths.filter((_, place) => faults[place] === undefined);
}

/** Why a folder cannot be mounted as data; undefined when it can. */
export async function faultOfFolder(text: string): Promise<string | undefined> {
	const path = toPath(text);
	if (path.includes(':')) {
		return 'A folder with ":" in its name cannot be mounted.';
	}

	const patience = Promise.withResolvers<'late'>();
	const timer = setTimeout(() => patience.resolve('late'), patienceMs);
	try {
		const found = await Promise.race([stat(path), patience.promise]);
		if (found === 'late') {
			return `${safeText(path)} does not respond.`;
		}

		return found.isDirectory() ? undefined : `${safeText(path)} is no folder.`;
	} catch (error) {
		return (error as NodeJS.ErrnoException).code === 'EACCES'
			? `Permission denied: ${safeText(path)}`
			: `No such folder: ${safeText(path)}`;
	} finally {
		clearTimeout(timer);
	}
}

/** The path that the user typed, made absolute; `~` is their home. */
export function toPath(text: string): string {
	return resolve(expandHome(text, homeFolder(process.env)));
}
