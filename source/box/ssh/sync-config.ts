import {constants, copyFileSync, existsSync, readFileSync, realpathSync, rmSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {Failure} from '../../base/failure.ts';
import {makeFolder, writeFileAtomic} from '../../base/safe-files.ts';
import type {Host} from '../../host/host.ts';
import type {Box} from '../box.ts';
import {listBoxes} from '../list.ts';
import {isSafeForSsh, planSshFiles, type SshBox, type SshFiles, sshFileNames} from './config.ts';
import {readLogin} from './login.ts';

/**
Brings gpubox's files in the user's ~/.ssh up to date with the existing boxes.

Several of these may run at once. Each writes whole files, then lists the boxes again and starts over when the files should be different
by now; so the last writer has seen everything, and no lock is needed.

@throws Failure when a file cannot be written
*/
export async function syncSshFiles(host: Host, signal?: AbortSignal): Promise<void> {
	const folder = host.paths.ssh;
	for (let attempt = 0; attempt < 10; attempt++) {
		const boxes = (await listBoxes(host, signal)).flatMap((box) => toSshBox(host, box) ?? []);
		const current = readSshFiles(folder);
		const wanted = planSshFiles(current, host.engine.address, boxes, folder);
		const changed = (Object.keys(sshFileNames) as Array<keyof SshFiles>).filter(
			(file) => wanted[file] !== current[file],
		);
		if (changed.length === 0) {
			return;
		}

		try {
			makeFolder(folder);
			for (const file of changed) {
				put(join(folder, sshFileNames[file]), wanted[file], file === 'config');
			}
		} catch (error) {
			throw new Failure(`Cannot write your ssh configuration: ${(error as Error).message}`, {
				fix: `Make ${folder} writable.`,
				cause: error,
			});
		}
	}
}

/** The same where it can matter: when `box`, which was created or removed, offers SSH, or an earlier one did. */
export async function syncSshFilesAfter(host: Host, box: Box, signal?: AbortSignal): Promise<void> {
	const concerned = box.services.includes('ssh') || existsSync(join(host.paths.ssh, sshFileNames.hosts));
	if (concerned && host.engine.local && !host.demo) {
		await syncSshFiles(host, signal);
	}
}

/** Undefined for boxes of other users, without SSH, or created by another machine or account. */
function toSshBox({paths}: Host, box: Box): SshBox | undefined {
	const address = box.addresses.ssh;
	const login = box.mine && address ? readLogin(paths, box.folder) : undefined;
	const entry = login && address ? {name: box.name, ...address, user: box.user, ...login} : undefined;
	return entry && isSafeForSsh(entry) ? entry : undefined;
}

function readSshFiles(folder: string): SshFiles {
	const read = (name: string) => {
		try {
			return readFileSync(join(folder, name), 'utf8');
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
				return undefined;
			}

			throw new Failure(`Cannot read ${join(folder, name)}: ${(error as Error).message}`, {
				fix: 'Make it readable: ssh cannot read it either.',
				cause: error,
			});
		}
	};
	return {
		config: read(sshFileNames.config),
		hosts: read(sshFileNames.hosts),
		knownHosts: read(sshFileNames.knownHosts),
	};
}

/**
Replaces a file atomically, so that ssh never reads half of it. The user's config may be a link into their dotfiles: then the file
behind it is replaced. It keeps its mode, and the first time a backup copy is created next to it.
*/
function put(path: string, content: string | undefined, isPersonal: boolean): void {
	const real = resolveLink(path);
	const backup = `${real}.before-gpubox`;
	const info = statSync(real, {throwIfNoEntry: false});
	if (content === undefined) {
		rmSync(real, {force: true});
	} else {
		if (isPersonal && info && statSync(backup, {throwIfNoEntry: false}) === undefined) {
			copyFileSync(real, backup, constants.COPYFILE_EXCL);
		}

		// The user's config keeps its mode, and its folder may be part of their dotfiles.
		const mode = isPersonal && info ? info.mode & 0o777 : 0o600;
		writeFileAtomic(real, content, {mode, anyFolder: isPersonal});
	}

	if (isPersonal && isSame(backup, content ?? '')) {
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
		return readFileSync(path, 'utf8') === content;
	} catch {
		return false;
	}
}
