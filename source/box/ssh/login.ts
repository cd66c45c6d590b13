import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {Failure} from '../../base/failure.ts';
import {writeFileAtomic} from '../../base/safe-files.ts';
import {readSmallFile} from '../../base/small-file.ts';
import {readTemplate} from '../../base/templates.ts';
import type {Paths} from '../../host/host.ts';
import {safeText} from '../../text/safe.ts';
import {boxFolder} from '../paths.ts';
import {makeSshKey, type SshKeyPair} from './keygen.ts';
import type {LoginKeys} from './login-keys.ts';

/** What the user's ssh must know to log in to a box; stored with the box's files. */
export type Login = {
	hostKey: string;
	/** Absolute paths for `IdentityFile`; empty for a box of an earlier version whose keys ssh finds automatically. */
	identityFiles: string[];
	/** Some of them are public keys of the agent that answered when the box was created. */
	fromAgent: boolean;
	/** The image's own server asks for a password. */
	password?: true;
};

const loginFile = 'login.json';

/** A server refuses who offers more. */
const mostAgentKeys = 20;

const agentFile = (index: number) => `agent-${index + 1}.pub`;

/** Writes a file into a box's folder. */
type Put = (file: string, content: string, mode: number) => void;

/**
Writes the files that a box's SSH server needs.

@param keys that may log in
@param foreignRoot the image's system folders belong to neither root nor the user, as with userns-remap
@param hostKey that of an earlier box, so that ssh does not warn users who logged in there; created when missing
*/
export function writeSshFiles(
	{name, umask = '0022', foreignRoot = false}: {name: string; umask?: string | undefined; foreignRoot?: boolean},
	keys: LoginKeys,
	put: Put,
	hostKey = makeSshKey(`gpubox-${name}`),
): void {
	// sshd sets a umask of its own, and file transfers start no shell.
	const sftp = 'internal-sftp -d /workspace';
	const config = readTemplate('box/sshd_config').replace(sftp, `${sftp} -u ${umask}`);
	// The folders above the keys would be refused. Where the keys are no one else in the box can write anyway.
	const settings = foreignRoot ? config.replace('StrictModes yes', 'StrictModes no') : config;
	put('files/ssh/sshd_config', settings, 0o644);
	put('files/ssh/authorized_keys', keys.authorized.map((line) => `${line}\n`).join(''), 0o644);
	writeOwnSide(keys, put);
	put('files/ssh/host_key', hostKey.privateFile, 0o600);
	put('files/ssh/host_key.pub', `${hostKey.publicLine}\n`, 0o644);
}

/** What the user's ssh needs; read on the host only. */
function writeOwnSide({identityFiles, only, agentKeys}: Omit<LoginKeys, 'authorized'>, put: Put): void {
	const wanted = agentKeys.slice(0, mostAgentKeys);
	wanted.forEach((line, index) => {
		put(agentFile(index), `${line}\n`, 0o600);
	});
	put(loginFile, JSON.stringify({identityFiles, only, agentKeys: wanted}), 0o600);
}

/** What the user's ssh must know of the image's own server. Read on the host only. */
export function writeOwnLogin(paths: Paths, folder: string, publicLine: string): void {
	const path = boxFolder(paths, folder);
	writeFileAtomic(join(path, 'files/ssh/host_key.pub'), `${publicLine}\n`, {mode: 0o644});
	const login = JSON.stringify({identityFiles: [], only: false, password: true});
	writeFileAtomic(join(path, loginFile), login, {mode: 0o600});
}

/** The host key in a box's folder; undefined when it never offered SSH. */
export function readHostKey(paths: Paths, folder: string): SshKeyPair | undefined {
	const read = (file: string) => readFileSync(join(boxFolder(paths, folder), 'files/ssh', file), 'utf8');
	try {
		return {privateFile: read('host_key'), publicLine: read('host_key.pub').trim()};
	} catch {
		return undefined;
	}
}

/** Adds keys to those that may log in; sshd reads the file at every login. Does nothing when the box's files are not here. */
export function addAuthorizedKeys(paths: Paths, folder: string, keys: LoginKeys): void {
	const path = join(boxFolder(paths, folder), 'files/ssh/authorized_keys');
	const known = readStored(paths, folder);
	if (known === undefined) {
		return;
	}

	const there = readAuthorized(path);
	const more = keys.authorized.filter((line) => !there.includes(line.split(' ').slice(0, 2).join(' ')));
	if (more.length > 0) {
		writeFileAtomic(path, there + more.map((line) => `${line}\n`).join(''), {mode: 0o644});
	}

	const identityFiles = union(keys.identityFiles, known.identityFiles);
	const agentKeys = union(keys.agentKeys, known.agentKeys);
	if (identityFiles.length > known.identityFiles.length || agentKeys.length > known.agentKeys.length) {
		writeOwnSide({identityFiles, agentKeys, only: keys.only}, (file, content, mode) =>
			writeFileAtomic(join(boxFolder(paths, folder), file), content, {mode}),
		);
	}
}

function union(first: readonly string[], second: readonly string[]): string[] {
	return [...new Set([...first, ...second])];
}

/** @throws Failure when it is not a readable file */
function readAuthorized(path: string): string {
	try {
		return readSmallFile(path).toString('utf8');
	} catch (error) {
		throw new Failure(`Cannot read ${path}: ${safeText((error as Error).message)}`, {
			fix: 'Remove it and recreate the box: gpubox up --recreate',
			cause: error,
		});
	}
}

/** Undefined when it is not the caller's box, offers no SSH or was created elsewhere. */
export function readLogin(paths: Paths, folder: string | undefined): Login | undefined {
	const stored = folder === undefined ? undefined : readStored(paths, folder);
	if (folder === undefined || stored === undefined) {
		return undefined;
	}

	const {hostKey, identityFiles, agentKeys, password} = stored;
	return {
		hostKey,
		identityFiles: [...identityFiles, ...agentKeys.map((_, index) => join(boxFolder(paths, folder), agentFile(index)))],
		fromAgent: agentKeys.length > 0,
		...(password ? {password} : {}),
	};
}

type Stored = {hostKey: string; identityFiles: string[]; agentKeys: string[]; password?: true};

/** These values go into the user's ssh config, so they are taken only when they can be that. */
function readStored(paths: Paths, folder: string): Stored | undefined {
	const path = boxFolder(paths, folder);
	try {
		const [type, key] = readFileSync(join(path, 'files/ssh/host_key.pub'), 'utf8').split(' ');
		// Boxes of earlier versions have no `agentKeys`.
		const {
			identityFiles,
			agentKeys = [],
			password,
		} = JSON.parse(readFileSync(join(path, loginFile), 'utf8')) as Partial<Stored>;
		return areTexts(identityFiles) && areTexts(agentKeys)
			? {hostKey: `${type} ${key}`, identityFiles, agentKeys, ...(password ? {password: true as const} : {})}
			: undefined;
	} catch {
		return undefined;
	}
}

function areTexts(value: unknown): value is string[] {
	return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
