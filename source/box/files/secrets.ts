import {existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, statfsSync} from 'node:fs';
import {join} from 'node:path';
import {exitCode, Failure} from '../../base/failure.ts';
import {makeFolder, overwriteFile, removeTree} from '../../base/safe-files.ts';
import {adviceForWrite} from '../../base/write-advice.ts';
import type {Mount} from '../../engine/engine.ts';
import type {Paths, Person} from '../../host/host.ts';
import type {Box} from '../box.ts';

/** A secret of a box. Its value is never part of a request or a plan. */
export type SecretRequest = {
	name: string;
	/** It is also set as an environment variable in shells. */
	variable: boolean;
};

/** Values of secrets, by name. */
export type SecretValues = ReadonlyMap<string, Buffer>;

/** Where secrets come from when they are needed: the caller's environment, a file, a prompt. */
export type SecretSource = {
	/** The names given on this call; their values replace those that the box has already. */
	given: string[];
	/** @throws Failure when one is missing */
	read: (names: string[]) => Promise<SecretValues>;
};

/** Warnings about variables that look like secrets: everyone with access to the engine can read them. */
export function warnOfOpenSecrets(environment: Record<string, string>): string[] {
	const names = Object.keys(environment).filter((name) =>
		/(?:^|_)(?:key|token|secret|password|credentials?)$/i.test(name),
	);
	return names.map(
		(name) =>
			`${name} looks like a secret, but everyone who uses this engine can read variables. Use --secret-env ${name} instead.`,
	);
}

/** Where a box finds its secrets. */
const folderInside = '/run/secrets';

/** Names that gpubox uses there itself. */
const reserved = ['jupyter_token'];

/** Whether a secret of this name would replace one that gpubox creates. */
export function isOwnSecret(name: string): boolean {
	return reserved.includes(name);
}

/** `NAME`, or `NAME=FILE` with `-` for stdin. @throws Failure (usage) */
export function parseSecret(text: string, flag: string): {name: string; file?: string} {
	const [name = ''] = text.split('=');
	const file = text.includes('=') ? text.slice(name.length + 1) : undefined;
	if (!/^[A-Za-z_]\w{0,63}$/.test(name) || reserved.includes(name) || file === '') {
		// Without the text: the user may have typed the secret in place of the file.
		throw new Failure(`${flag} takes NAME or NAME=FILE; a name has letters, digits and "_".`, {
			fix: `For example: ${flag} WANDB_API_KEY, or ${flag} HF_TOKEN=~/.hf-token`,
			exitCode: exitCode.usage,
		});
	}

	return {name, ...(file === undefined ? {} : {file})};
}

/**
Secrets are in memory, in a folder of the host that only their owner can enter, and are mounted read-only. So they are on no disk,
survive `gpubox stop` and `start`, and are lost at a reboot (and, where systemd removes a user's shared memory, at their last logout);
then they must be given again.
*/
export function secretMounts(paths: Paths, folder: string, secrets: readonly SecretRequest[]): Mount[] {
	return secrets.map(({name}) => ({
		type: 'bind',
		source: secretPath(paths, folder, name),
		target: `${folderInside}/${name}`,
		readOnly: true,
	}));
}

/** Writes values to the mounted files; a running box sees the new ones at once. @throws Failure */
export function writeSecrets(paths: Paths, folder: string, runAs: Person, values: SecretValues): void {
	if (values.size === 0) {
		return;
	}

	try {
		makePrivateFolder(paths.secrets);
		if (statfsSync(paths.secrets).type !== tmpfs) {
			throw new Failure(`${paths.secrets} is not in memory, so secrets cannot be stored there.`, {
				fix: 'Ask the administrator to mount a tmpfs on /dev/shm.',
			});
		}

		makeFolder(join(paths.secrets, folder));
		overwriteFile(join(paths.secrets, folder, stateFolderFile), Buffer.from(paths.state), {mode: 0o600});
		for (const [name, value] of values) {
			// Overwrite the existing file: a new file under the same name would not reach a running box.
			overwriteFile(secretPath(paths, folder, name), value, {mode: 0o600, owner: runAs});
		}
	} catch (error) {
		throw error instanceof Failure
			? error
			: new Failure(`Cannot write the box's secrets: ${(error as Error).message}`, {
					fix: adviceForWrite(error, paths.secrets),
					cause: error,
				});
	}
}

/** The secrets of a box that have lost their values. */
export function missingSecrets(paths: Paths, {folder, secrets}: Pick<Box, 'folder' | 'secrets'>): string[] {
	return secrets.filter((name) => folder === undefined || !existsSync(secretPath(paths, folder, name)));
}

export function removeSecrets(paths: Paths, folder: string): void {
	// A folder of another user has none of the caller's secrets.
	const info = lstatSync(paths.secrets, {throwIfNoEntry: false});
	if (info?.isDirectory() && info.uid === process.getuid?.()) {
		removeTree(join(paths.secrets, folder));
	}
}

/**
In each folder of secrets: the state folder that has the box's other files. One user's state folders, of different XDG_STATE_HOME, share
the folder in memory. The name of no secret starts with a dot.
*/
const stateFolderFile = '.state-folder';

/**
The folders of secrets whose box is gone: its own folder is created before its secrets and removed after them, so one without the other was
written by a run that stood still while another one removed what it took for left over, and was then killed.

@param emptySince milliseconds since 1970: an empty folder that was created earlier belongs to a run that was killed at once
*/
export function orphanedSecrets(paths: Paths, emptySince: number): string[] {
	return list(paths.secrets).filter((folder) => {
		if (!folder.includes('~') || existsSync(join(paths.state, folder))) {
			return false;
		}

		const path = join(paths.secrets, folder);
		try {
			return readFileSync(join(path, stateFolderFile), 'utf8') === paths.state;
		} catch {
			// Without that file it may belong to another program, unless there is nothing in it.
			const info = lstatSync(path, {throwIfNoEntry: false});
			return info?.isDirectory() === true && info.mtimeMs < emptySince && list(path).length === 0;
		}
	});
}

function list(path: string): string[] {
	try {
		return readdirSync(path);
	} catch {
		// Nothing was ever stored there, or it was removed just now.
		return [];
	}
}

function secretPath(paths: Paths, folder: string, name: string): string {
	return join(paths.secrets, folder, name);
}

/** The kernel's number for tmpfs, from linux/magic.h. */
const tmpfs = 0x01_02_19_94;

/** Anyone can create folders in /dev/shm, so an existing one may be a trap set by another user. */
function makePrivateFolder(path: string): void {
	try {
		mkdirSync(path, 0o700);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
			throw error;
		}
	}

	const info = lstatSync(path);
	if (!info.isDirectory() || info.uid !== process.getuid?.() || (info.mode & 0o077) !== 0) {
		throw new Failure(`${path} is not a private folder of yours, so secrets cannot be stored there.`, {
			fix: 'Remove it, or ask its owner to remove it.',
		});
	}
}
