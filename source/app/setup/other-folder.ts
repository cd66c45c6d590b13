/** A folder other than the current one, chosen by typing: which ones suggest themselves, and whether a box can be made for it. */
import {opendir, realpath, stat} from 'node:fs/promises';
import {basename, dirname, join} from 'node:path';
import {homeFolder} from '../../base/home.ts';
import type {Host} from '../../host/host.ts';
import {findProject} from '../../settings/file.ts';
import {faultOfFolder, toPath} from '../../setup/folders.ts';
import {expandHome, shortenHome} from '../../text/home-path.ts';
import {safeText} from '../../text/safe.ts';

export type OtherFolder = {
	/** Folders in which the user ran something, the newest first; absolute. */
	recent(): Promise<string[]>;
	/** Folders whose path begins with the text, as the user would type them. Only the one folder that the text names is read. */
	complete(text: string): Promise<string[]>;
	/** @returns the folder, links resolved, and its gpubox.yaml where it has one */
	choose(text: string): Promise<{path: string; file?: string} | {fault: string}>;
};

/** More entries of a folder than these are not looked at: who has more types further. */
const mostEntries = 5000;
const mostFound = 50;
/** A network folder without its server blocks forever. */
const patienceMs = 2000;

export function otherFolder({paths}: Pick<Host, 'paths'>): OtherFolder {
	return {
		async recent() {
			const {listRuns} = await import('../runs/find.ts');
			const folders = [...new Set(listRuns({paths}).map(({run}) => run.project))];
			// Projects are moved and removed, and their runs stay listed.
			const areThere = await soon(Promise.all(folders.map(isFolder)), []);
			return folders.filter((_, place) => areThere[place]);
		},
		async complete(text) {
			// What cannot be read has no folders to offer; that it cannot be used is told when it is chosen.
			return soon(
				foldersFor(text).catch(() => []),
				[],
			);
		},
		async choose(text) {
			const fault = await faultOfFolder(text);
			return fault === undefined ? await lookAt(toPath(text)) : {fault};
		},
	};
}

/** What a look at the disk finds within a time that a user waits, or `instead` of it. */
async function soon<Found>(work: Promise<Found>, instead: Found): Promise<Found> {
	const late = Promise.withResolvers<Found>();
	const timer = setTimeout(() => late.resolve(instead), patienceMs);
	const found = await Promise.race([work, late.promise]);
	clearTimeout(timer);
	return found;
}

async function lookAt(path: string): Promise<{path: string; file?: string} | {fault: string}> {
	const folder = await realpath(path);
	const {uid} = await stat(folder);
	const person = process.getuid?.();
	if (person !== undefined && person !== 0 && uid !== person) {
		return {fault: `${safeText(folder)} belongs to another user.`};
	}

	const {file} = findProject(folder);
	return {path: folder, ...(file === undefined ? {} : {file})};
}

async function foldersFor(text: string): Promise<string[]> {
	const home = homeFolder(process.env);
	const typed = text === '~' ? `${home}/` : expandHome(text, home);
	// As in a shell, what does not begin with a slash is in the current folder.
	const whole = typed.startsWith('/') ? typed : join(process.cwd(), typed);
	const [parent, begun] = whole.endsWith('/') ? [whole.slice(0, -1) || '/', ''] : [dirname(whole), basename(whole)];
	const found: string[] = [];
	let looked = 0;
	for await (const entry of await opendir(parent)) {
		looked += 1;
		if (looked > mostEntries || found.length >= mostFound) {
			break;
		}

		const {name} = entry;
		// What cannot be typed is not offered, nor what is hidden unless it is asked for.
		const offered = name.startsWith(begun) && safeText(name) === name && (begun !== '' || !name.startsWith('.'));
		const path = join(parent, name);
		if (offered && (entry.isDirectory() || (entry.isSymbolicLink() && (await isFolder(path))))) {
			found.push(path);
		}
	}

	return found.sort().map((path) => shortenHome(path, home));
}

async function isFolder(path: string): Promise<boolean> {
	return stat(path).then(
		(found) => found.isDirectory(),
		() => false,
	);
}
