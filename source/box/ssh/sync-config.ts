import {
	constants,
	copyFileSync,
	existsSync,
	lstatSync,
	readFileSync,
	readlinkSync,
	realpathSync,
	rmSync,
	statSync,
} from 'node:fs';
import {dirname, join, resolve} from 'node:path';
import {type Diagnostic, Failure} from '../../base/failure.ts';
import {makeFolder, writeFileAtomic} from '../../base/safe-files.ts';
import type {Host} from '../../host/host.ts';
import {safeText} from '../../text/safe.ts';
import type {Box} from '../box.ts';
import {listBoxes} from '../list.ts';
import {readSshVersion} from './client.ts';
import {includeLine, isSafeForSsh, planSshFiles, type SshFiles, sshFileNames} from './config.ts';
import {findSshFolderFault} from './folder.ts';
import {readLogin} from './login.ts';
import type {SshBox} from './options.ts';

/**
Brings gpubox's files in the user's ~/.ssh up to date with the existing boxes. The user's config may be a link into a place where no one
may write, or to a file that is not there yet: then it stays as it is, which costs only the name.

Several of these may run at once. Each writes whole files, then lists the boxes again and starts over when the files should be different
by now; so the last writer has seen everything, and no lock is needed.

@returns why ssh does not know the boxes by name, although gpubox's own files are up to date
@throws Failure when gpubox's own files cannot be read or written
*/
export async function syncSshFiles(host: Host, signal?: AbortSignal): Promise<Diagnostic | undefined> {
	const folder = host.paths.ssh;
	const broken = findSshFolderFault(folder);
	if (broken) {
		throw new Failure(broken.message, {fix: broken.fix});
	}

	let note: Diagnostic | undefined;
	for (let attempt = 0; attempt < 10; attempt++) {
		const boxes = (await listBoxes(host, signal)).flatMap((box) => readSshBox(host, box) ?? []);
		const version = boxes.length > 0 ? await readSshVersion(signal) : undefined;
		const own = readOwnFiles(folder);
		const config = readConfig(folder);
		const current = {...own, config: config.text};
		const wanted = planSshFiles(current, {engine: host.engine.address, folder, version}, boxes);
		const changed = (['knownHosts', 'hosts'] as const).filter((file) => wanted[file] !== current[file]);
		const configChanges = wanted.config !== current.config && note === undefined;
		if (changed.length === 0 && !configChanges) {
			// Without boxes nothing is missing: the line of a file that is not there does no harm.
			return boxes.length > 0 ? note : undefined;
		}

		writeOwnFiles(folder, wanted, changed);
		if (configChanges) {
			note = config.fault ?? writeConfig(folder, wanted.config);
		}
	}

	return note;
}

/**
The same where it can matter: when `box`, which was created or removed, offers SSH, or an earlier one did. What is wrong in ~/.ssh does
not keep anything else from being done.

@returns why ssh does not know the boxes by name
*/
export async function syncSshFilesAfter(host: Host, box: Box, signal?: AbortSignal): Promise<Diagnostic | undefined> {
	const concerned = box.services.includes('ssh') || existsSync(join(host.paths.ssh, sshFileNames.hosts));
	return concerned ? trySyncSshFiles(host, signal) : undefined;
}

/** The same for whatever boxes there are. */
export async function trySyncSshFiles(host: Host, signal?: AbortSignal): Promise<Diagnostic | undefined> {
	if (!host.engine.local || host.demo) {
		return undefined;
	}

	try {
		return await syncSshFiles(host, signal);
	} catch (error) {
		if (error instanceof Failure) {
			return {message: error.message, fix: error.fix ?? ''};
		}

		throw error;
	}
}

/** Undefined for boxes of other users, without SSH, or created by another machine or account. */
export function readSshBox({paths}: Host, box: Box): SshBox | undefined {
	const address = box.addresses.ssh;
	const login = box.mine && address ? readLogin(paths, box.folder) : undefined;
	const entry = login && address ? {name: box.name, ...address, user: box.user, ...login} : undefined;
	return entry && isSafeForSsh(entry) ? entry : undefined;
}

function readOwnFiles(folder: string): Pick<SshFiles, 'hosts' | 'knownHosts'> {
	const read = (name: string) => {
		try {
			return readFileSync(join(folder, name), 'utf8');
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
				return undefined;
			}

			throw new Failure(`Cannot read ${join(folder, name)}: ${(error as Error).message}`, {
				fix: 'Make it readable, or remove it: gpubox writes it again.',
				cause: error,
			});
		}
	};
	return {hosts: read(sshFileNames.hosts), knownHosts: read(sshFileNames.knownHosts)};
}

function writeOwnFiles(folder: string, wanted: SshFiles, changed: ReadonlyArray<'knownHosts' | 'hosts'>): void {
	try {
		makeFolder(folder);
		for (const file of changed) {
			put(join(folder, sshFileNames[file]), wanted[file]);
		}
	} catch (error) {
		throw new Failure(`Cannot write your ssh configuration: ${(error as Error).message}`, {
			fix: `Make ${folder} writable.`,
			cause: error,
		});
	}
}

/** The user's config, and why it has to stay as it is. */
function readConfig(folder: string): {text?: string; fault?: Diagnostic} {
	const path = join(folder, sshFileNames.config);
	try {
		// Byte for byte, whatever encoding its comments are in: a character of Latin-1 is a byte.
		return {text: readFileSync(path, 'latin1')};
	} catch (error) {
		const {code, message} = error as NodeJS.ErrnoException;
		if (code === 'EISDIR') {
			return {
				fault: {
					message: `${safeText(path)} is a folder, so ssh does not know the boxes' names.`,
					fix: `Move it away: mv ${safeText(path)} ${safeText(path)}.old. Without it: gpubox ssh BOX`,
				},
			};
		}

		if (code !== 'ENOENT') {
			return {fault: noteFor(`Cannot read ${safeText(path)}: ${safeText(message)}.`)};
		}

		const link = lstatSync(path, {throwIfNoEntry: false})?.isSymbolicLink();

		// A file there would be in the way of those that are put there later.
		return link
			? {
					fault: noteFor(
						`${safeText(path)} is a link to ${safeText(resolve(folder, readlinkSync(path)))}, which does not exist.`,
					),
				}
			: {};
	}
}

function writeConfig(folder: string, content: string | undefined): Diagnostic | undefined {
	const path = join(folder, sshFileNames.config);
	try {
		putConfig(path, content);
		return undefined;
	} catch (error) {
		const real = resolveLink(path);
		return noteFor(
			real === path
				? `Cannot write ${safeText(path)}: ${safeText((error as Error).message)}.`
				: `${safeText(path)} is a link into a place where you cannot write, ${safeText(dirname(real))}.`,
		);
	}
}

function noteFor(message: string): Diagnostic {
	return {
		message,
		fix: `To use the boxes' names with ssh, make this the first line of that file: ${includeLine}. Without it: gpubox ssh BOX`,
	};
}

/** Replaces a file atomically, so that ssh never reads half of it. */
function put(path: string, content: string | undefined): void {
	if (content === undefined) {
		rmSync(path, {force: true});
	} else {
		writeFileAtomic(path, content, {mode: 0o600});
	}
}

/**
The same for the user's config. It may be a link into their dotfiles: then the file behind it is replaced. It keeps its mode, and the
first time a backup copy is created next to it.
*/
function putConfig(path: string, content: string | undefined): void {
	const real = resolveLink(path);
	const backup = `${real}.before-gpubox`;
	const info = statSync(real, {throwIfNoEntry: false});
	if (content === undefined) {
		rmSync(real, {force: true});
	} else {
		if (info && statSync(backup, {throwIfNoEntry: false}) === undefined) {
			copyFileSync(real, backup, constants.COPYFILE_EXCL);
		}

		// The folder may be part of the user's dotfiles.
		writeFileAtomic(real, Buffer.from(content, 'latin1'), {mode: info ? info.mode & 0o777 : 0o600, anyFolder: true});
	}

	if (isSame(backup, content ?? '')) {
		rmSync(backup, {force: true});
	}
}

function resolveLink(path: string): string {
	try {
		return realpathSync(path);
	} catch {
		// The file does not exist yet.
		return path;
	}
}

function isSame(path: string, content: string): boolean {
	try {
		return readFileSync(path, 'latin1') === content;
	} catch {
		return false;
	}
}
