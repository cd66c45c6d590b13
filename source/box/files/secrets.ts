import {existsSync, lstatSync, mkdirSync, statfsSync} from 'node:fs';
import {join} from 'node:path';
import {exitCode, Failure} from '../../base/failure.ts';
import {makeFolder, overwriteFile, removeTree} from '../../base/safe-files.ts';
import type {Mount} from '../../engine/engine.ts';
import type {Paths, Person} from '../../host/host.ts';
import type {Box} from '../box.ts';

/** A secret that a box is made with. Its value is never part of a request or a plan. */
export type SecretRequest = {
	name: string;
	/** It shall be a variable of shells too. */
	variable: boolean;
};

/** Values of secrets, by name. */
export type SecretValues = ReadonlyMap<string, Buffer>;

/** Where secrets come from when they are needed: the caller's environment, a file, a prompt. */
export type SecretSource = {
	/** Those named on this very call, whose values count even when the box has some already. */
	given: string[];
	/** @throws Failure when one cannot be had */
	read: (names: string[]) => Promise<SecretValues>;
};

/** What to say of variables that look like secrets: everybody who may talk to the engine can read them. */
export function warnOfOpenSecrets(environment: Record<string, string>): string[] {
	const names = Object.keys(environment).filter((name) =>
		/(?:^|_)(?:key|token|secret|password|credentials?)$/i.test(name),
	);
	return names.map(
		(name) =>
			`${name} looks like a secret, and a variable of the box can be read by all who use this engine. Rather: --secret-env ${name}`,
	);
}

/** Where a box finds its secrets. */
const folderInside = '/run/secrets';

/** Names that gpubox uses there itself. */
const reserved = ['jupyter_token'];

/** Whether a secret of this name would take the place of one that gpubox makes. */
export function isOwnSecret(name: string): boolean {
	return reserved.includes(name);
}

/** `NAME`, or `NAME=FILE` with `-` for stdin. @throws Failure (usage) */
export function parseSecret(text: string, flag: string): {name: string; file?: string} {
	const [name = ''] = text.split('=');
	const file = text.includes('=') ? text.slice(name.length + 1) : undefined;
	if (!/^[A-Za-z_]\w{0,63}$/.test(name) || reserved.includes(name) || file === '') {
		// Not the text itself: somebody may have written the secret where the file belongs.
		throw new Failure(`${flag} takes NAME or NAME=FILE; a name has letters, digits and "_".`, {
			fix: `For example: ${flag} WANDB_API_KEY, or ${flag} HF_TOKEN=~/.hf-token`,
			exitCode: exitCode.usage,
		});
	}

	return {name, ...(file === undefined ? {} : {file})};
}

/**
Secrets lie in memory, in a folder of the host that only their owner can enter, and are mounted read-only. So they are on no
disk, survive `gpubox stop` and `start`, and are gone after a reboot (and, where systemd removes a person's shared memory, after
their last logout), when they have to be given again.
*/
export function secretMounts(paths: Paths, folder: string, secrets: readonly SecretRequest[]): Mount[] {
	return secrets.map(({name}) => ({
		type: 'bind',
		source: secretPath(paths, folder, name),
		target: `${folderInside}/${name}`,
		readOnly: true,
	}));
}

/** Writes values where the box has them mounted; a running box sees the new ones at once. @throws Failure */
export function writeSecrets(paths: Paths, folder: string, runAs: Person, values: SecretValues): void {
	if (values.size === 0) {
		return;
	}

	try {
		makePrivateFolder(paths.secrets);
		if (statfsSync(paths.secrets).type !== tmpfs) {
			throw new Failure(`${paths.secrets} is not in memory, so no secret is put there.`, {
				fix: 'Ask who looks after this machine to mount a tmpfs on /dev/shm.',
			});
		}

		makeFolder(join(paths.secrets, folder));
		for (const [name, value] of values) {
			// Into the file that is there: a new one under the old name would not reach a running box.
			overwriteFile(secretPath(paths, folder, name), value, {mode: 0o600, owner: runAs});
		}
	} catch (error) {
		throw error instanceof Failure
			? error
			: new Failure(`The box's secrets cannot be written: ${(error as Error).message}`, {
					fix: `Make room in memory, or make ${paths.secrets} writable for you.`,
					cause: error,
				});
	}
}

/** Those of a box's secrets whose values are no longer there. */
export function missingSecrets(paths: Paths, {folder, secrets}: Pick<Box, 'folder' | 'secrets'>): string[] {
	return secrets.filter((name) => folder === undefined || !existsSync(secretPath(paths, folder, name)));
}

export function removeSecrets(paths: Paths, folder: string): void {
	// What somebody else put there holds none of ours.
	const info = lstatSync(paths.secrets, {throwIfNoEntry: false});
	if (info?.isDirectory() && info.uid === process.getuid?.()) {
		removeTree(join(paths.secrets, folder));
	}
}

function secretPath(paths: Paths, folder: string, name: string): string {
	return join(paths.secrets, folder, name);
}

/** What the kernel calls tmpfs, from linux/magic.h. */
const tmpfs = 0x01_02_19_94;

/** Anybody may make folders in /dev/shm, so one that is there may be somebody's trap. */
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
		throw new Failure(`${path} is not a folder of yours alone, so no secret is put there.`, {
			fix: 'Remove it, or ask its owner to.',
		});
	}
}
