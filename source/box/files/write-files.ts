import {lstatSync} from 'node:fs';
import {join} from 'node:path';
import {Failure} from '../../base/failure.ts';
import {makeFolder, openWriter, removeTree, waitForDisk} from '../../base/safe-files.ts';
import {readTemplate} from '../../base/templates.ts';
import {adviceForWrite} from '../../base/write-advice.ts';
import type {Group, Paths, Person} from '../../host/host.ts';
import {makeToken, readToken, tokenFile} from '../jupyter/token.ts';
import {boxFolder, homeFolders} from '../paths.ts';
import {type BoxRecord, recordFile} from '../record.ts';
import {readHostKey, writeSshFiles} from '../ssh/login.ts';
import type {LoginKeys} from '../ssh/login-keys.ts';
import {removeSecrets, type SecretValues, writeSecrets} from './secrets.ts';

/** The owner and the user of a box's files. */
export type Personal = {
	runAs: Person;
	/** The user's numbers inside, where they are others. */
	userInside?: {uid: number; gid: number};
	/** Whose keys may log in, when the box offers SSH. */
	loginKeys?: LoginKeys;
	secrets?: SecretValues;
	/** Further groups of the user. */
	groups?: readonly Group[];
	/** Of the user's programs, as four octal digits. */
	umask?: string;
	/** Folders below the home that something is mounted at. */
	mountPoints?: readonly string[];
	/** The image's system folders belong to neither root nor the user. */
	foreignRoot?: boolean;
};

/** The box's record, and what the next box takes over. They must survive a power cut; the folder itself last. */
const lasting = [recordFile, tokenFile, 'files/ssh/host_key', 'files/ssh/host_key.pub', ''];

/**
Writes the files that a box needs at its start into its folder on the host: token, keys, generated passwd and group, start script and
the settings of its services; its secrets into memory. Also creates the user's home and caches, because the engine would make a missing mount source as root.

@param name of the folder, which no other process knows yet (see directories.ts)
@param kept folders of earlier boxes, to take token and host key from; the first that has them counts
*/
export function writeBoxFiles(
	paths: Paths,
	name: string,
	{runAs, userInside = runAs, loginKeys, secrets, groups = [], umask, mountPoints = [], foreignRoot = false}: Personal,
	{record, kept}: {record: BoxRecord; kept: readonly string[]},
): void {
	const folder = boxFolder(paths, name);
	const files = openWriter(folder);
	try {
		const {home, cache} = homeFolders(paths, process.getuid?.() ?? runAs.uid, runAs);
		for (const own of [home, cache]) {
			makeFolder(own, {owner: runAs});
		}

		for (const point of mountPoints) {
			makeMountPoint(join(home, point), runAs);
		}

		makeFolder(paths.state);
		makeFolder(folder);
		// Root owns these files: the box's user only reads them, inside, and no one can reach them from outside.
		const mode = process.getuid?.() === runAs.uid ? 0o700 : 0o755;
		makeFolder(join(folder, 'files'), {mode});
		makeFolder(join(folder, 'files/ssh'), {mode});

		// Written atomically: another `up` may look here for a token to take over. Files that only their owner may read are given to them.
		const put = (file: string, content: string, mode: number) =>
			files.write(file, content, {
				mode,
				...(mode === 0o600 ? {owner: runAs} : {}),
				replaceable: true,
			});

		// It is written again once the container's id is known.
		files.write(recordFile, JSON.stringify(record), {mode: 0o600, replaceable: true});
		put('passwd', passwdFor({...runAs, ...userInside}), 0o644);
		put('group', groupFor({...runAs, ...userInside}, groups), 0o644);
		put('files/start', readTemplate('box/start'), 0o755);
		put('files/start-own', readTemplate('box/start-own'), 0o755);
		put('files/job', readTemplate('box/job'), 0o755);
		put('files/check-first', readTemplate('job/check-first'), 0o755);
		put('files/python', readTemplate('job/python'), 0o755);
		put('files/check.py', readTemplate('check/check.py'), 0o644);
		put('files/notebook.py', readTemplate('job/notebook.py'), 0o644);
		put('files/torchrun', readTemplate('box/torchrun'), 0o755);
		put('files/shell', readTemplate('box/shell'), 0o755);
		put('files/enter', readTemplate('box/enter'), 0o644);
		put('files/surroundings', readTemplate('box/surroundings'), 0o644);
		put('files/run-entrypoint', readTemplate('box/run-entrypoint'), 0o644);
		put('files/capture', readTemplate('box/capture'), 0o755);
		put('files/profile.sh', readTemplate('box/profile.sh'), 0o644);
		put('files/jupyter_config.py', readTemplate('box/jupyter_config.py'), 0o644);
		if (loginKeys) {
			writeSshFiles(
				{name, umask, foreignRoot},
				loginKeys,
				put,
				firstOf(kept, (earlier) => readHostKey(paths, earlier)),
			);
		}

		// No line break: Jupyter would treat it as part of the token.
		put(tokenFile, firstOf(kept, (earlier) => readToken(paths, earlier)) ?? makeToken(), 0o600);
		writeSecrets(paths, name, runAs, secrets ?? new Map());
	} catch (error) {
		if (error instanceof Failure) {
			throw error;
		}

		throw new Failure(`Cannot write the box's files: ${(error as Error).message}`, {
			fix: adviceForWrite(error, folder),
			cause: error,
		});
	} finally {
		files.close();
	}
}

/** The engine would make it as root, in the user's home. */
function makeMountPoint(path: string, owner: Person): void {
	try {
		if (lstatSync(path, {throwIfNoEntry: false}) === undefined) {
			makeFolder(path, {owner});
		}
	} catch {
		// Below a folder that an engine made earlier it can only be made by the engine again.
	}
}

/** Only once a box exists: several attempts may be made before one succeeds, and the disk is slow. */
export function settleBoxFiles(paths: Paths, folder: string): void {
	for (const file of lasting) {
		waitForDisk(join(boxFolder(paths, folder), file));
	}
}

function firstOf<T>(folders: readonly string[], read: (folder: string) => T | undefined): T | undefined {
	for (const folder of folders) {
		const found = read(folder);
		if (found !== undefined) {
			return found;
		}
	}

	return undefined;
}

/** @param folder undefined where the caller has none: then nothing is removed */
export function removeBoxFiles(paths: Paths, folder: string | undefined): void {
	if (folder === undefined) {
		return;
	}

	removeSecrets(paths, folder);
	removeTree(boxFolder(paths, folder));
}

/** Removes the files that a container needed to start; who it belongs to is still known. */
export function removeStartFiles(paths: Paths, folder: string): void {
	removeTree(join(boxFolder(paths, folder), 'files'));
}

/** The usual system accounts, and one for the box's user. */
function passwdFor({name, uid, gid}: Person): string {
	const usual = readTemplate('box/passwd');
	// No password, and no look-up in the image's /etc/shadow, which does not have the name.
	const own = `${name}:*:${uid}:${gid}:${name}:/home/${name}:/run/gpubox/shell\n`;
	// Of two names with one number the first is shown. Programs such as sudo look for root by its name.
	return uid === 0 && name !== 'root' ? `${own}${usual}` : `${withoutId(usual, uid, name)}${own}`;
}

/**
The usual groups of a system, and those of the box's user. The user is listed in each: whatever logs in or changes the user inside
(sudo, su, sshd of root) reads the groups here. A number or a name of the host takes the place of the usual one.
*/
export function groupFor({name, gid}: Person, groups: readonly Group[]): string {
	let table = readTemplate('box/group');
	for (const group of groups) {
		table = `${withoutId(table, group.gid, group.name)}${group.name}:x:${group.gid}:${name}\n`;
	}

	return table.split('\n').some((line) => line.split(':')[2] === String(gid)) ? table : `${table}${name}:x:${gid}:\n`;
}

function withoutId(table: string, id: number, name: string): string {
	return table
		.split('\n')
		.filter((line) => line !== '' && line.split(':')[2] !== String(id) && line.split(':')[0] !== name)
		.map((line) => `${line}\n`)
		.join('');
}
