/** Whether a project is on another host at the same path: asked for, never assumed. */
import {createHash} from 'node:crypto';
import {readFileSync, statSync} from 'node:fs';
import {exitCode, Failure} from '../../base/failure.ts';
import {runOverSsh} from '../../host/ssh-command.ts';
import {shellQuote} from '../../text/shell-quote.ts';
import {whyNot} from './why-not.ts';

/**
What tells a folder on storage that two hosts share from a copy of it: number, modification time (seconds) and size of its gpubox.yaml, which
shared storage shows alike everywhere, and the hash of what is in it. Of a project without one the folder itself, which has no hash.
*/
export type Marker = {inode: string; modified: string; size: string; hash: string | null};

export type Found =
	/** The very same files. */
	| 'same'
	/** A folder with the same gpubox.yaml, or none: its other files may be different ones. */
	| 'copy'
	/** A folder with another gpubox.yaml, or without the one that is here. */
	| 'other'
	| 'missing';

/** @param there null where the host has no such folder; undefined where it has one without what is marked here */
export function judgeProject(here: Marker, there: Marker | null | undefined): Found {
	if (there === null) {
		return 'missing';
	}

	if (there === undefined || there.hash !== here.hash) {
		return 'other';
	}

	// A folder has another size on each kind of storage.
	const sameFile = there.inode === here.inode && there.modified === here.modified;
	return sameFile && (here.hash === null || there.size === here.size) ? 'same' : 'copy';
}

export type Project = {
	/** Absolute, symbolic links resolved. */
	folder: string;
	/** Its gpubox.yaml, where there is one. */
	file?: string | undefined;
};

export function markerOf({folder, file}: Project): Marker {
	const {ino, mtimeMs, size} = statSync(file ?? folder);
	const hash = file === undefined ? null : createHash('sha256').update(readFileSync(file)).digest('hex');
	return {inode: String(ino), modified: String(Math.floor(mtimeMs / 1000)), size: String(size), hash};
}

export type ThereFacts = {
	project: Found;
	/** gpubox of that host; null where it is not installed. */
	gpubox: string | null;
	/** Whether it has rsync. */
	rsync: boolean;
};

/** Folders in which people install programs of their own: a login over ssh often has a shorter PATH than a terminal. */
const ownFolders = '$HOME/.local/bin:$HOME/bin:$HOME/.npm-global/bin:/usr/local/bin:/opt/bin';

/** Put before commands that look for gpubox. */
export const withOwnFolders = `PATH="$PATH:${ownFolders}"; export PATH`;

/** Asks a host, in one login. @throws Failure (no engine) where ssh does not get there; the signal's reason */
export async function lookThere(ssh: URL, project: Project, signal: AbortSignal): Promise<ThereFacts> {
	const script = [
		withOwnFolders,
		'printf "gpubox=%s\\n" "$(command -v gpubox)"',
		'printf "rsync=%s\\n" "$(command -v rsync)"',
		'if test -d "$1"; then echo folder=yes; fi',
		'printf "stat=%s\\n" "$(stat -L -c "%i %Y %s" -- "$2" 2>/dev/null)"',
		'if test -f "$2"; then printf "hash=%s\\n" "$(sha256sum < "$2")"; fi',
	].join('; ');
	const marked = project.file ?? project.folder;
	const command = ['sh', '-c', shellQuote(script), 'sh', shellQuote(project.folder), shellQuote(marked)].join(' ');
	const {code, stdout, stderr} = await runOverSsh(ssh, command, signal);
	if (code === 255 || code === null) {
		const {why, fix} = whyNot(stderr, ssh.hostname);
		throw new Failure(`${ssh.hostname} cannot be reached: ${why}.`, {fix, exitCode: exitCode.noEngine});
	}

	const answers = parseAnswers(stdout);
	return {
		project: judgeProject(markerOf(project), answers.marker),
		gpubox: answers.gpubox,
		rsync: answers.rsync,
	};
}

/** What the script above prints. Pure. */
export function parseAnswers(text: string): {
	gpubox: string | null;
	rsync: boolean;
	marker: Marker | null | undefined;
} {
	const answers = new Map(
		text.split('\n').flatMap((line): Array<[string, string]> => {
			const [, name, value] = /^(gpubox|rsync|folder|stat|hash)=(.*)$/.exec(line) ?? [];
			return name === undefined || value === undefined ? [] : [[name, value.trim()]];
		}),
	);
	const [inode, modified, size] = answers.get('stat')?.split(' ') ?? [];
	const known = inode && modified && size ? {inode, modified, size} : undefined;
	const hash = /^[0-9a-f]{64}/.exec(answers.get('hash') ?? '')?.[0] ?? null;
	return {
		gpubox: answers.get('gpubox') || null,
		rsync: Boolean(answers.get('rsync')),
		marker: answers.has('folder') ? known && {...known, hash} : null,
	};
}
