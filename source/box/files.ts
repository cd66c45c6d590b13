import {randomBytes} from 'node:crypto';
import {chownSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {Failure} from '../failure.ts';
import type {Paths, Person} from '../host/host.ts';
import {readTemplate} from '../templates.ts';
import {boxFolder} from './plan.ts';
import type {LoginKeys} from './public-keys.ts';
import {removeSecrets, type SecretValues, writeSecrets} from './secrets.ts';
import {writeSshFiles} from './ssh-files.ts';

/** Of whom and for whom a box's files are. */
export type Personal = {
	runAs: Person;
	/** Whose keys may log in, when the box offers SSH. */
	loginKeys?: LoginKeys;
	secrets?: SecretValues;
};

/**
Writes what a box must find at its start into its folder on the host: token, keys, generated passwd and group, start script and
the settings of its services; its secrets into memory. Also makes the person's home and caches, because the engine would make a missing mount source as root.
Doing it again changes nothing that a running box sees, above all not its token.

@returns the token
*/
export function writeBoxFiles(paths: Paths, name: string, {runAs, loginKeys, secrets}: Personal): string {
	const folder = boxFolder(paths, name);
	try {
		for (const directory of [
			paths.home,
			paths.cache,
			paths.state,
			folder,
			join(folder, 'files'),
			join(folder, 'files/ssh'),
		]) {
			mkdirSync(directory, {recursive: true, mode: 0o700});
			giveTo(runAs, directory);
		}

		const put = (file: string, content: string, mode: number) => {
			const path = join(folder, file);
			// A new file under the old name: a box that has the old one mounted keeps reading a whole file. Its first name is this
			// process's alone: another `up` may be after the same box's name at this moment.
			const fresh = `${path}.${process.pid}.new`;
			writeFileSync(fresh, content, {mode});
			giveTo(runAs, fresh);
			renameSync(fresh, path);
		};

		put('passwd', passwdFor(runAs), 0o644);
		put('group', groupFor(runAs), 0o644);
		put('files/start', readTemplate('box/start'), 0o755);
		put('files/shell', readTemplate('box/shell'), 0o755);
		put('files/profile.sh', readTemplate('box/profile.sh'), 0o644);
		put('files/jupyter_config.py', readTemplate('box/jupyter_config.py'), 0o644);
		if (loginKeys) {
			writeSshFiles(paths, name, loginKeys, put);
		}

		writeSecrets(paths, name, runAs, secrets ?? new Map());
		return keepToken(paths, name, runAs);
	} catch (error) {
		if (error instanceof Failure) {
			throw error;
		}

		throw new Failure(`The box's files cannot be written: ${(error as Error).message}`, {
			fix: `Make room, or make ${folder} writable for you.`,
			cause: error,
		});
	}
}

/**
Makes a token unless there is one. Of several that write at once the first wins and the others take over its token: a link is made
only where nothing is, and a box may have the file mounted already.
*/
function keepToken(paths: Paths, name: string, runAs: Person): string {
	const path = join(boxFolder(paths, name), 'token');
	const fresh = `${path}.${process.pid}.new`;
	// No line break: Jupyter would take it for a part of the token.
	writeFileSync(fresh, randomBytes(24).toString('base64url'), {mode: 0o600});
	giveTo(runAs, fresh);
	try {
		linkSync(fresh, path);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
			throw error;
		}
	} finally {
		rmSync(fresh);
	}

	return readFileSync(path, 'utf8');
}

/** The Jupyter token of a box; undefined when it is not the caller's box or was made elsewhere. */
export function readToken(paths: Paths, name: string): string | undefined {
	try {
		return readFileSync(join(boxFolder(paths, name), 'token'), 'utf8').trim() || undefined;
	} catch {
		return undefined;
	}
}

export function removeBoxFiles(paths: Paths, name: string): void {
	rmSync(boxFolder(paths, name), {recursive: true, force: true});
	removeSecrets(paths, name);
}

/** The usual system accounts, and one for who the box runs as. */
export function passwdFor({name, uid, gid}: Person): string {
	const others = withoutId(readTemplate('box/passwd'), uid, name);
	// No password, and none to look for in the image's /etc/shadow, which does not know the name.
	return `${others}${name}:*:${uid}:${gid}:${name}:/home/${name}:/run/gpubox/shell\n`;
}

export function groupFor({name, gid}: Person): string {
	const others = readTemplate('box/group');
	return others.split('\n').some((line) => line.split(':')[2] === String(gid))
		? others
		: `${others}${name}:x:${gid}:\n`;
}

function withoutId(table: string, id: number, name: string): string {
	return table
		.split('\n')
		.filter((line) => line !== '' && line.split(':')[2] !== String(id) && line.split(':')[0] !== name)
		.map((line) => `${line}\n`)
		.join('');
}

/** Only root can give files away, and only root has to: a box never runs as root when it can run as somebody. */
function giveTo(person: Person, path: string): void {
	if (process.getuid?.() === 0 && person.uid !== 0) {
		chownSync(path, person.uid, person.gid);
	}
}
