import {lstatSync} from 'node:fs';
import {join} from 'node:path';
import {Failure} from '../../base/failure.ts';
import {makeFolder, openWriter, removeTree, waitForDisk} from '../../base/safe-files.ts';
import {readTemplate} from '../../base/templates.ts';
import {adviceForWrite} from '../../base/write-advice.ts';
import type {Group, Paths, Person} from '../../host/host.ts';
import {makeToken, readToken, tokenFile} from '../jupyter/token.ts';
import {boxFolder, homeFolders, inside} from '../paths.ts';
import {type BoxRecord, recordFile} from '../record.ts';
import {readHostKey, writeSshFiles} from '../ssh/login.ts';
import type {LoginKeys} from '../ssh/login-keys.ts';
import {type GitIdentity, writeGitIdentity} from './git-identity.ts';
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
	/** For a home that has no configuration of git. */
	gitIdentity?: GitIdentity;
	/** The image's system folders belong to neither root nor the user. */
	foreignRoot?: boolean;
};

/** The box's record, and what the next box takes over. They must survive a power cut; the folder itself last. */
const lasting = [recordFile, tokenFile, 'files/ssh/host_key', 'files/ssh/host_key.pub', ''];

/** What is mounted at /run/gpubox, with its template and mode. */
const startFiles: Record<string, [template: string, mode: number]> = {
	surroundings: ['box/surroundings', 0o644],
	'run-entrypoint': ['box/run-entrypoint', 0o644],
	capture: ['box/capture', 0o755],
	'profile.sh': ['box/profile.sh', 0o644],
	shell: ['box/shell', 0o755],
	enter: ['box/enter', 0o644],
	start: ['box/start', 0o755],
	'start-own': ['box/start-own', 0o755],
	'jupyter_config.py': ['box/jupyter_config.py', 0o644],
	job: ['box/job', 0o755],
	'check-first': ['job/check-first', 0o755],
	'check.py': ['check/check.py', 0o644],
	python: ['job/python', 0o755],
	'notebook.py': ['job/notebook.py', 0o644],
	torchrun: ['box/torchrun', 0o755],
};

/** Those that other files of these use, or what enters the container later. */
const alwaysUsed = ['surroundings', 'run-entrypoint', 'capture', 'profile.sh', 'shell', 'enter'];

/** Writing and removing the others takes longer than all the rest that a short job needs of its files. */
function isUsedBy(job: readonly string[], file: string): boolean {
	const user = file === 'check.py' ? 'check-first' : file;
	return alwaysUsed.includes(file) || job.includes(`${inside.files}/${user}`);
}

/**
Writes the files that a box needs at its start into its folder on the host: token, keys, generated passwd and group, start script and
the settings of its services; its secrets into memory. Also creates the user's home and caches, because the engine would make a missing mount source as root.

@param name of the folder, which no other process knows yet (see directories.ts)
@param given.kept folders of earlier boxes, to take token and host key from; the first that has them counts
@param given.job entrypoint and command of a job, which has no services and gets only what these use; missing for a box
*/
export function writeBoxFiles(
	paths: Paths,
	name: string,
	{
		runAs,
		userInside = runAs,
		loginKeys,
		secrets,
		groups = [],
		umask,
		mountPoints = [],
		gitIdentity,
		foreignRoot = false,
	}: Personal,
	{record, kept, job}: {record: BoxRecord; kept: readonly string[]; job?: readonly string[] | undefined},
): void {
	const folder = boxFolder(paths, name);
	const files = openWriter(folder);
	try {
		const {home, cache} = homeFolders(paths, process.getuid?.() ?? runAs.uid, runAs);
		for (const own of [home, cache]) {
			makeFolder(own, {owner: runAs});
		}

		if (gitIdentity !== undefined) {
			writeGitIdentity(home, gitIdentity, runAs);
		}

		for (const point of mountPoints) {
			makeMountPoint(join(home, point), runAs);
		}

		makeFolder(paths.state);
		makeFolder(folder);
		// Root owns these files: the box's user only reads them, inside, and no one can reach them from outside.
		const mode = process.getuid?.() === runAs.uid ? 0o700 : 0o755;
		makeFolder(join(folder, 'files'), {mode});

		// It is written again once the container's id is known.
		files.write(recordFile, JSON.stringify(record), {mode: 0o600, replaceable: true});
		// In place, because no one looks at them before the container is there.
		const putNew = (file: string, content: string, mode: number) =>
			files.write(file, content, {mode, isNew: true, replaceable: true});
		putNew('passwd', passwdFor({...runAs, ...userInside}), 0o644);
		putNew('group', groupFor({...runAs, ...userInside}, groups), 0o644);
		for (const [file, [template, mode]] of Object.entries(startFiles)) {
			if (job === undefined || isUsedBy(job, file)) {
				putNew(`files/${file}`, readTemplate(template), mode);
			}
		}

		writeSecrets(paths, name, runAs, secrets ?? new Map());
		if (job !== undefined) {
			return;
		}

		// Written atomically: another `up` may look here for a token to take over. Files that only their owner may read are given to them.
		const put = (file: string, content: string, mode: number) =>
			files.write(file, content, {
				mode,
				...(mode === 0o600 ? {owner: runAs} : {}),
				replaceable: true,
			});
		makeFolder(join(folder, 'files/ssh'), {mode});
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
	for (const file of ['files', 'passwd', 'group']) {
		removeTree(join(boxFolder(paths, folder), file));
	}
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
