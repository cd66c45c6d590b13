import {
	chmodSync,
	chownSync,
	closeSync,
	existsSync,
	fchmodSync,
	fchownSync,
	fstatSync,
	fsyncSync,
	ftruncateSync,
	lstatSync,
	mkdirSync,
	constants as open,
	openSync,
	readdirSync,
	readlinkSync,
	renameSync,
	rmdirSync,
	type Stats,
	unlinkSync,
	writeFileSync,
} from 'node:fs';
import {basename, dirname, join, resolve} from 'node:path';
import {safeText} from '../text/safe.ts';
import {Failure} from './failure.ts';
import {randomHex} from './random.ts';

/*
Creating, changing and removing files where another user may have placed a link.

Each folder on the way is opened by itself, from / on, and looked at before the next one is: what was looked at is then what is
used, whatever is put in its place meanwhile. The names below /proc/self/fd do what openat(2) and its like do elsewhere, which Node
does not have. Who may have laid a link, or made a folder, on the way:

- root follows only root's links: with a link of another user it would change files that this user cannot;
- all others follow root's links, their own, and those of the owner of the folder that contains the link, as the kernel does in /tmp
  (protected_symlinks in sysctl).

Modes are what they are said to be, whatever the umask.

Of what is done in one go, the way to each folder is walked once: what was opened stays open until then.
*/

/** Whom a file shall belong to. Given by root alone. */
type Owner = {uid: number; gid: number};

type Folder = {fd: number; path: string};

export type FolderOptions = {
	/** Of the folder itself where it is made; those above it get 0700. One that is there keeps its own. */
	mode?: number;
	/** Root gives it to this person where it is made. One that is there has to be theirs already. */
	owner?: Owner;
};

/** Creates a folder of the caller, and those above it. @throws Failure when it belongs to another user; errors of the file system */
export function makeFolder(path: string, {mode = 0o700, owner}: FolderOptions = {}): void {
	inWords(() => {
		const wanted = ownerOf(owner);
		const {made, ...folder} = openFolder(resolve(path), {make: true, owner: wanted});
		try {
			const {uid} = fstatSync(folder.fd);
			if (made) {
				chmodSync(self(folder), mode);
				if (owner && uid !== wanted) {
					chownSync(self(folder), owner.uid, owner.gid);
				}
			} else if (uid !== wanted) {
				throw notOurs(path, uid, wanted);
			}
		} finally {
			closeSync(folder.fd);
		}
	});
}

export type FileOptions = {
	/** What the umask leaves of 0666 when missing. */
	mode?: number;
	owner?: Owner;
	/** It has to be new: throws EEXIST for one that is there. Written in place. */
	isNew?: boolean;
	/** It need not outlive a power cut, or `waitForDisk` follows: the disk takes longer than all the rest. */
	replaceable?: boolean;
	/** The user chose the folder, whoever owns it; only links inside it are not followed. */
	anyFolder?: boolean;
};

/** What a file is called until all of it is written. */
function nameWhileWritten(name: string): string {
	return `.${name}.${randomHex(6)}`;
}

/** @returns the name of the file whose write was killed and has left one of this name; undefined for the name of any other file */
export function fileOfKilledWrite(name: string): string | undefined {
	return /^\.(.+)\.[0-9a-f]{12}$/s.exec(name)?.[1];
}

/**
Writes a file whole or not at all: a fresh one takes the place of what is there, a link too. What is on the disk after a power cut
is the old one or the new one, unless it is `replaceable`. The folder has to be there.
*/
export function writeFileAtomic(path: string, content: string | Buffer, options: FileOptions = {}): void {
	inWords(() => {
		const folder = openParent(path, options);
		try {
			writeIn(folder, basename(path), content, options);
		} finally {
			closeSync(folder.fd);
		}
	}, path);
}

/** Returns when a file that was written is sure to outlive a power cut. Nothing where there is none. */
export function waitForDisk(path: string): void {
	try {
		const file = openSync(path, open.O_RDONLY | open.O_NOFOLLOW | open.O_NONBLOCK);
		try {
			fsyncSync(file);
		} finally {
			closeSync(file);
		}
	} catch (error) {
		if (codeOf(error) !== 'ENOENT') {
			throw error;
		}
	}
}

/** Several files of one folder and those below it. The way to each folder is gone once. */
export type Writer = {
	/** @param file below the folder: `token`, `files/start`; otherwise as `writeFileAtomic` */
	write(file: string, content: string | Buffer, options?: FileOptions): void;
	close(): void;
};

export function openWriter(path: string): Writer {
	const folders = new Map<string, Folder>();
	return {
		write: (file, content, options = {}) =>
			inWords(
				() => {
					const way = dirname(file);
					const folder = folders.get(way) ?? openFolder(resolve(path, way));
					folders.set(way, folder);
					writeIn(folder, basename(file), content, options);
				},
				resolve(path, file),
			),
		close() {
			for (const {fd} of folders.values()) {
				closeSync(fd);
			}
		},
	};
}

function writeIn(folder: Folder, name: string, content: string | Buffer, options: FileOptions): void {
	const fresh = entry(folder, options.isNew ? name : nameWhileWritten(name));
	let made = false;
	try {
		const flags = open.O_WRONLY | open.O_CREAT | open.O_EXCL | open.O_NOFOLLOW;
		const file = openSync(fresh, flags, options.mode === undefined ? 0o666 : 0o600);
		made = true;
		try {
			fill(file, content, options);
			if (!options.replaceable) {
				fsyncSync(file);
			}
		} finally {
			closeSync(file);
		}

		if (!options.isNew) {
			renameSync(fresh, entry(folder, name));
		}
	} catch (error) {
		if (made) {
			unlinkIfThere(fresh);
		}

		throw error;
	}
}

/**
Writes into the file that is there, or a new one: what has it mounted sees the change.

@throws Failure when the path exists and is not a file of the caller or the owner
*/
export function overwriteFile(path: string, content: string | Buffer, options: FileOptions = {}): void {
	inWords(() => {
		const folder = openParent(path, options);
		try {
			const flags = open.O_WRONLY | open.O_CREAT | open.O_NOFOLLOW | open.O_NONBLOCK;
			const file = openSync(entry(folder, basename(path)), flags, 0o600);
			try {
				const info = fstatSync(file);
				if (!info.isFile() || info.nlink !== 1 || ![me(), ownerOf(options.owner)].includes(info.uid)) {
					throw new Failure(`${safeText(path)} is not a private file of yours, so nothing is written there.`, {
						fix: 'Look at it, and remove it.',
					});
				}

				ftruncateSync(file);
				fill(file, content, options);
			} finally {
				closeSync(file);
			}
		} finally {
			closeSync(folder.fd);
		}
	});
}

/** Removes a file or folder, with all that is in it. Of a link the link itself; nothing where there is nothing. */
export function removeTree(path: string): void {
	forgetPassed();
	inWords(() => {
		let folder: Folder;
		try {
			folder = openFolder(dirname(resolve(path)));
		} catch (error) {
			if (codeOf(error) === 'ENOENT') {
				return;
			}

			throw error;
		}

		try {
			removeIn(folder, basename(resolve(path)));
		} finally {
			closeSync(folder.fd);
		}
	});
}

/** Does something; what goes wrong names the folder as the caller knows it. */
function inWords(work: () => void, path?: string): void {
	try {
		work();
	} catch (error) {
		if (!(error instanceof Failure) && error instanceof Error) {
			const failed = error as NodeJS.ErrnoException;
			if (path !== undefined && failed.code !== undefined) {
				// Of a write the system does not say which file it is; of the rest it names the one that takes its place.
				error.message += failed.path === undefined ? ` '${path}'` : '';
				failed.path = path;
			}

			error.message = inNames(error.message);
			if (failed.path !== undefined) {
				failed.path = inNames(failed.path);
			}
		}

		throw error;
	}
}

/** What the folders that were opened are called, by their descriptors. */
const names = new Map<number, string>();

function inNames(text: string): string {
	return text.replace(/\/proc\/self\/fd\/(\d+)/g, (name, fd) => names.get(Number(fd)) ?? name);
}

function opened(folder: Folder): Folder {
	names.set(folder.fd, folder.path === '/' ? '' : folder.path);
	return folder;
}

function removeIn(parent: Folder, name: string): void {
	const path = entry(parent, name);
	const info = lstatSync(path, {throwIfNoEntry: false});
	if (!info) {
		return;
	}

	if (!info.isDirectory()) {
		unlinkIfThere(path);
		return;
	}

	// Not `enter`: whose it is does not matter to what goes.
	const fd = openSync(path, open.O_RDONLY | open.O_DIRECTORY | open.O_NOFOLLOW);
	const folder = opened({fd, path: join(parent.path, name)});
	try {
		for (const each of readdirSync(self(folder))) {
			removeIn(folder, each);
		}
	} finally {
		closeSync(fd);
	}

	try {
		rmdirSync(path);
	} catch (error) {
		if (codeOf(error) !== 'ENOENT') {
			throw error;
		}
	}
}

function fill(file: number, content: string | Buffer, {mode, owner}: FileOptions): void {
	// Before there is anything in it, and before it is given away: only root may do the one and the owner the other.
	if (mode !== undefined) {
		fchmodSync(file, mode);
	}

	writeFileSync(file, content);
	if (owner && isRoot() && owner.uid !== 0) {
		fchownSync(file, owner.uid, owner.gid);
	}
}

function openParent(path: string, {anyFolder = false}: FileOptions): Folder {
	const folder = dirname(resolve(path));
	return anyFolder ? {fd: openSync(folder, pathOnly() | open.O_DIRECTORY), path: folder} : openFolder(folder);
}

/** How many links one may lead to: what the kernel follows. */
const mostLinks = 40;

/**
Opens a folder step by step. The caller closes it.

@param make those that are missing, with mode 0700
@param owner who may own the folder itself, in addition to root, when root calls
@returns whether the folder itself was made here too
*/
function openFolder(
	path: string,
	{make = false, owner}: {make?: boolean; owner?: number} = {},
): Folder & {made: boolean} {
	let {folder, rest} = lastPassed(partsOf(path));
	let made = false;
	let links = 0;
	try {
		for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
			let info = lstatSync(entry(folder, name), {throwIfNoEntry: false});
			made = make && info === undefined && makeIn(folder, name);
			info ??= lstatSync(entry(folder, name));
			if (info.isSymbolicLink()) {
				links += 1;
				if (links > mostLinks) {
					throw Object.assign(new Error(`ELOOP: too many symbolic links, open '${path}'`), {code: 'ELOOP'});
				}

				refuseLink(folder, name, info);
				const target = readlinkSync(entry(folder, name));
				rest = [...partsOf(target), ...rest];
				if (target.startsWith('/')) {
					leave(folder);
					folder = root();
				}
			} else {
				const next = enter(folder, name, rest.length === 0 ? owner : undefined);
				if (links === 0 && rest.length > 0) {
					pass(next);
				}

				leave(folder);
				folder = next;
			}
		}
	} catch (error) {
		leave(folder);
		throw error;
	}

	return {...folder, made};
}

/**
Folders on the way to others that were opened in this turn of the event loop, by their paths. They are closed at its end. Root looks at
each again: for it, whose they are depends on what is done there.
*/
const passedNow = new Map<string, Folder>();

function pass(folder: Folder): void {
	if (isRoot() || !hasFds()) {
		return;
	}

	if (passedNow.size === 0) {
		queueMicrotask(forgetPassed);
	}

	passedNow.set(folder.path, folder);
}

function forgetPassed(): void {
	for (const {fd} of passedNow.values()) {
		closeSync(fd);
	}

	passedNow.clear();
}

/** Where a way begins that was walked in part just now. What it ends at is always looked at. */
function lastPassed(parts: string[]): {folder: Folder; rest: string[]} {
	for (let passed = passedNow.size === 0 ? 0 : parts.length - 1; passed > 0; passed--) {
		const folder = passedNow.get(`/${parts.slice(0, passed).join('/')}`);
		if (folder !== undefined) {
			return {folder, rest: parts.slice(passed)};
		}
	}

	return {folder: root(), rest: parts};
}

function leave({fd, path}: Folder): void {
	if (passedNow.get(path)?.fd !== fd) {
		closeSync(fd);
	}
}

function root(): Folder {
	return opened({fd: openSync('/', pathOnly() | open.O_DIRECTORY), path: '/'});
}

function partsOf(path: string): string[] {
	return path.split('/').filter((part) => part !== '' && part !== '.');
}

/** @param wanted the required owner; any owner will do, except for root, who accepts only root's own */
function enter(parent: Folder, name: string, wanted?: number): Folder {
	const path = join(parent.path, name);
	const fd = openSync(entry(parent, name), pathOnly() | open.O_DIRECTORY | open.O_NOFOLLOW);
	if (isRoot()) {
		const {uid} = fstatSync(fd);
		if (uid !== 0 && uid !== wanted) {
			closeSync(fd);
			throw notOurs(path, uid, wanted ?? 0);
		}
	}

	return opened({fd, path});
}

/** @returns whether it was made here */
function makeIn(parent: Folder, name: string): boolean {
	try {
		mkdirSync(entry(parent, name), 0o700);
		return true;
	} catch (error) {
		if (codeOf(error) === 'EEXIST') {
			return false;
		}

		throw error;
	}
}

function refuseLink(folder: Folder, name: string, {uid}: Stats): void {
	const trusted = isRoot() ? [0] : [0, me(), fstatSync(folder.fd).uid];
	if (!trusted.includes(uid)) {
		throw new Failure(`${safeText(join(folder.path, name))} is a link that user ${uid} made, and is not followed.`, {
			fix: 'Remove it, or put a folder of your own there.',
		});
	}
}

function notOurs(path: string, uid: number, wanted: number): Failure {
	const shown = safeText(path);
	return new Failure(`${shown} belongs to user ${uid}, not to ${wanted === me() ? 'you' : `user ${wanted}`}.`, {
		fix: `Look at what is there, then remove it, or give it over: sudo chown ${wanted} ${shown}`,
	});
}

/** What a name in an open folder is called, whatever is put where the folder was. */
function entry(folder: Folder, name: string): string {
	// Not `join`, which would take `..` away from the name before it.
	return `${self(folder)}/${name}`;
}

function self({fd, path}: Folder): string {
	return hasFds() ? `/proc/self/fd/${fd}` : path;
}

let fds: boolean | undefined;

/** Linux has it, unless /proc is not mounted. */
function hasFds(): boolean {
	fds ??= existsSync('/proc/self/fd');
	return fds;
}

/** O_PATH, from Linux' fcntl.h: a folder that one may pass through need not be one that one may read. */
function pathOnly(): number {
	return hasFds() ? 0o10_000_000 : open.O_RDONLY;
}

function unlinkIfThere(path: string): void {
	try {
		unlinkSync(path);
	} catch (error) {
		if (codeOf(error) !== 'ENOENT') {
			throw error;
		}
	}
}

function codeOf(error: unknown): string | undefined {
	return (error as NodeJS.ErrnoException | undefined)?.code;
}

function me(): number {
	return process.getuid?.() ?? 0;
}

function isRoot(): boolean {
	return me() === 0;
}

function ownerOf(owner: Owner | undefined): number {
	return owner && isRoot() ? owner.uid : me();
}
