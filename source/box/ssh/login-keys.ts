import {execFile} from 'node:child_process';
import {readdirSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {exitCode, Failure} from '../../base/failure.ts';
import {makeFolder, writeFileAtomic} from '../../base/safe-files.ts';
import {readSmallFile} from '../../base/small-file.ts';
import {safeText} from '../../text/safe.ts';
import {findSshFolderFault} from './folder.ts';
import {makeSshKey} from './keygen.ts';

/** A file of public keys. */
export type KeyFile = {
	path: string;
	content: string;
	hasPrivate: boolean;
	/** As the setting names it, where one does. */
	said?: string;
};

/** The keys that open a box, and what the user's ssh config needs to use them. */
export type LoginKeys = {
	/** Lines for authorized_keys. */
	authorized: string[];
	/** Files for `IdentityFile`: private keys, or public ones whose private half the agent or a token has. */
	identityFiles: string[];
	/** The setting names them. */
	only: boolean;
	/** Those of `authorized` that no file here has, so that the agent must: ssh has to be given the public half to ask for each. */
	agentKeys: string[];
};

/** The key that gpubox creates for a user without one. */
const ownKey = 'gpubox_ed25519';

/**
Chooses the keys that may log in: those of the files named in the setting; else the agent's and the key pairs of ~/.ssh. A public key
without its private half belongs to someone else and is left out.

@returns undefined when there is none, so that one must be created
*/
export function chooseLoginKeys(facts: {
	/** The files that the setting `ssh.keys` names; undefined when it is not set. */
	named?: KeyFile[] | undefined;
	/** What `ssh-add -L` printed. */
	agent: string;
	/** The .pub files of ~/.ssh. */
	files: KeyFile[];
}): LoginKeys | undefined {
	const pairs = facts.files.filter(({hasPrivate}) => hasPrivate);
	const chosen = facts.named ?? pairs;
	const authorized = [
		...new Map(
			[...(facts.named ? [] : [facts.agent]), ...chosen.map(({content}) => content)]
				.flatMap(readKeys)
				.map((line) => [keyOf(line), line]),
		).values(),
	];
	if (authorized.length === 0) {
		return undefined;
	}

	// A named list of keys may contain those of pairs that are here.
	const allowed = new Set(authorized.map(keyOf));
	const usable = [...chosen, ...pairs.filter((pair) => !chosen.some(({path}) => path === pair.path))].filter(
		({content}) => readKeys(content).some((line) => allowed.has(keyOf(line))),
	);
	const identities = usable.flatMap((file) => {
		const identity = identityOf(file);
		return identity === undefined ? [] : [{identity, keys: readKeys(file.content).map(keyOf)}];
	});
	const inFiles = new Set(identities.flatMap(({keys}) => keys));
	return {
		authorized,
		identityFiles: identities.map(({identity}) => identity),
		only: facts.named !== undefined && identities.length > 0,
		agentKeys: authorized.filter((line) => !inFiles.has(keyOf(line))),
	};
}

/** What ssh is given to log in with this file. A .pub file makes it ask the agent for that key; a list of keys is nothing to ssh. */
function identityOf({path, hasPrivate}: KeyFile): string | undefined {
	return hasPrivate ? path.replace(/\.pub$/, '') : path.endsWith('.pub') ? path : undefined;
}

function keyOf(line: string): string {
	return line.split(' ')[1] ?? line;
}

/**
The keys in a text with one key a line. A line with options before the key (`command="…"`) is left out: such a key is meant for less than
a shell. Certificates do not work without their authority.
*/
export function readKeys(text: string): string[] {
	return text.split('\n').flatMap((line) => {
		const key = /^((?:ssh|ecdsa|sk)-[\w@.-]+) ([A-Za-z\d+/]{40,}={0,3})(?:\s+(.*))?$/.exec(line.trim());
		if (!key || /-cert-v\d+@/.test(key[1] ?? '')) {
			return [];
		}

		const comment = (key[3] ?? '').replace(/[^\x20-\x7e]/g, '').trim();
		return [`${key[1]} ${key[2]}${comment ? ` ${comment}` : ''}`];
	});
}

/**
Gathers the user's keys, and creates one in `folder` when there is none.

@param folder the user's ~/.ssh
@param named the files that the setting `ssh.keys` names: absolute paths, or their content that was read already
@throws Failure (usage) when the setting names a file that cannot be read or has no key; Failure when ~/.ssh cannot be read or written
*/
export async function findLoginKeys(
	folder: string,
	named: ReadonlyArray<string | KeyFile> | undefined,
	signal?: AbortSignal,
): Promise<LoginKeys> {
	const found = chooseLoginKeys({
		named: named?.map((each) => (typeof each === 'string' ? readNamed(each) : each)),
		agent: named ? '' : await askAgent(signal),
		files: readKeyFiles(folder),
	});
	if (found) {
		return found;
	}

	if (named) {
		throw new Failure(
			`No public key found in ${named.map((each) => (typeof each === 'string' ? each : each.path)).join(', ')}.`,
			{
				fix: 'Specify files with public keys: gpubox config ssh.keys ~/.ssh/id_ed25519.pub',
				exitCode: exitCode.usage,
			},
		);
	}

	const broken = findSshFolderFault(folder);
	if (broken) {
		throw new Failure(`A box with SSH needs a key: ${broken.message}`, {fix: broken.fix});
	}

	makeOwnKey(folder);
	const made = chooseLoginKeys({agent: '', files: readKeyFiles(folder)});
	if (!made) {
		throw new Failure(`Cannot read the key that was just created in ${folder}.`, {
			fix: `Run the command again. If it fails again, remove ${join(folder, ownKey)}`,
		});
	}

	return made;
}

/** @throws Failure (usage) when it cannot be read */
export function readNamed(path: string): KeyFile {
	try {
		return {
			path,
			content: readSmallFile(path).toString('utf8'),
			hasPrivate: path.endsWith('.pub') && isFile(path.slice(0, -4)),
		};
	} catch (error) {
		throw new Failure(`Cannot read the key file ${path} of the setting ssh.keys.`, {
			fix: 'Specify another: gpubox config ssh.keys ~/.ssh/id_ed25519.pub',
			exitCode: exitCode.usage,
			cause: error,
		});
	}
}

function readKeyFiles(folder: string): KeyFile[] {
	let names: string[];
	try {
		names = readdirSync(folder);
	} catch {
		// A user may have no ~/.ssh.
		return [];
	}

	return names
		.filter((name) => name.endsWith('.pub') && isFile(join(folder, name)))
		.sort()
		.flatMap((name) => {
			const path = join(folder, name);
			try {
				return [{path, content: readSmallFile(path).toString('utf8'), hasPrivate: isFile(path.slice(0, -4))}];
			} catch {
				// A key that its owner cannot read is useless.
				return [];
			}
		});
}

function isFile(path: string): boolean {
	return statSync(path, {throwIfNoEntry: false})?.isFile() ?? false;
}

/** The agent's keys. No agent, an empty one and a missing ssh-add all mean: no keys. */
async function askAgent(signal?: AbortSignal): Promise<string> {
	if (!process.env.SSH_AUTH_SOCK) {
		return '';
	}

	try {
		const {stdout} = await promisify(execFile)('ssh-add', ['-L'], {timeout: 5000, ...(signal ? {signal} : {})});
		return stdout;
	} catch {
		signal?.throwIfAborted();
		return '';
	}
}

function makeOwnKey(folder: string): void {
	const key = makeSshKey('gpubox');
	const path = join(folder, ownKey);
	try {
		makeFolder(folder);
		// Never overwrites an existing key, even when its .pub file is lost.
		writeFileAtomic(path, key.privateFile, {mode: 0o600, isNew: true});
		writeFileAtomic(`${path}.pub`, `${key.publicLine}\n`, {mode: 0o644});
	} catch (error) {
		// Another gpubox created it a moment ago; its .pub file follows immediately.
		if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
			throw error instanceof Failure
				? error
				: new Failure(`A box with SSH needs a key, and none can be written: ${safeText((error as Error).message)}`, {
						fix: `Make ${safeText(folder)} writable, or name a public key: gpubox config ssh.keys FILE`,
						cause: error,
					});
		}
	}
}
