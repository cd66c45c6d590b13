import {appendFileSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import type {Paths} from '../host/host.ts';
import {readTemplate} from '../templates.ts';
import {boxFolder} from './plan.ts';
import type {LoginKeys} from './public-keys.ts';
import {makeSshKey} from './ssh-keys.ts';

/** What a person's ssh must know to log in to a box, as kept beside the box's files. */
export type Login = {
	hostKey: string;
	keys: Pick<LoginKeys, 'identityFiles' | 'only'>;
};

/** Writes a file of a box's folder. */
type Put = (file: string, content: string, mode: number) => void;

/**
Writes what a box's SSH server needs. The host key is made once: who logged in before gets no alarm after `--recreate`.

@param keys who may log in
*/
export function writeSshFiles(paths: Paths, name: string, keys: LoginKeys, put: Put): void {
	put('files/ssh/sshd_config', readTemplate('box/sshd_config'), 0o644);
	put('files/ssh/authorized_keys', keys.authorized.map((line) => `${line}\n`).join(''), 0o644);
	put('login.json', JSON.stringify({identityFiles: keys.identityFiles, only: keys.only}), 0o600);
	if (readLogin(paths, name) === undefined) {
		const key = makeSshKey(`gpubox-${name}`);
		put('files/ssh/host_key', key.privateFile, 0o600);
		put('files/ssh/host_key.pub', `${key.publicLine}\n`, 0o644);
	}
}

/** Adds keys to those that may log in; sshd reads the file at every login. Nothing when the box's files are not here. */
export function addAuthorizedKeys(paths: Paths, name: string, keys: LoginKeys): void {
	const path = join(boxFolder(paths, name), 'files/ssh/authorized_keys');
	if (readLogin(paths, name) === undefined) {
		return;
	}

	const there = readFileSync(path, 'utf8');
	const more = keys.authorized.filter((line) => !there.includes(line.split(' ').slice(0, 2).join(' ')));
	if (more.length > 0) {
		appendFileSync(path, more.map((line) => `${line}\n`).join(''));
	}
}

/** Undefined when it is not the caller's box, offers no SSH or was made elsewhere. */
export function readLogin(paths: Paths, name: string): Login | undefined {
	const folder = boxFolder(paths, name);
	try {
		const [type, key] = readFileSync(join(folder, 'files/ssh/host_key.pub'), 'utf8').split(' ');
		const keys = JSON.parse(readFileSync(join(folder, 'login.json'), 'utf8')) as Login['keys'];
		return {hostKey: `${type} ${key}`, keys};
	} catch {
		return undefined;
	}
}
