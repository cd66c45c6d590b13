/**
The queue for GPUs as everyone on the host sees it: each process that waits has a file in /tmp, whose owner the kernel sets, so that no one can
make an entry of another user. It counts while its process exists: a pid with its start time, of the user that the file belongs to. Where
processes are out of sight (another pid namespace, `hidepid`), and for one that was suspended, it counts while it is written again and again.
*/
import {randomBytes} from 'node:crypto';
import {
	closeSync,
	constants,
	fchmodSync,
	fstatSync,
	lstatSync,
	openSync,
	readdirSync,
	readFileSync,
	readlinkSync,
	readSync,
	type Stats,
	statSync,
	unlinkSync,
	writeSync,
} from 'node:fs';
import {join} from 'node:path';
import {processStart} from '../../base/process/process-start.ts';
import {userNames} from '../../gpu/process-owner.ts';
import type {Host} from '../../host/host.ts';
import {safeText} from '../../text/safe.ts';
import {namePattern} from '../box.ts';
import {engineKey} from '../record.ts';
import {cameBefore, type GpuWish, type QueueEntry} from './queue-entry.ts';

type Place = Pick<Host, 'engine' | 'person' | 'paths' | 'demo'>;

/** What this process has in the queue. */
export type QueueTicket = {
	id: string;
	since: Date;
	/** To be called at least each minute; what goes wrong is ignored: the entry is then missing, and nothing else. */
	update(behind: readonly string[]): void;
	leave(): void;
};

const prefix = 'gpubox-queue-';

/** Each entry is written in one piece over the one before. */
const entryBytes = 4096;

/** An entry that is older was left by a process that does not run. In milliseconds. */
const staleAfter = 90_000;

/** Others may fill the folder: of more files than that it is not known which ones count. */
const mostFiles = 5000;
/** So many of a user are read, those written last, and so many count. */
const mostReadOfOneUser = 64;
const mostOfOneUser = 16;

/** @returns undefined where others could not see it: for an engine elsewhere, or where nothing can be written */
export function joinQueue(place: Place, wish: GpuWish, now = new Date()): QueueTicket | undefined {
	if (!place.engine.local) {
		return undefined;
	}

	removeDeadEntries(place);
	const id = `${process.pid}-${randomBytes(6).toString('hex')}`;
	const path = join(folderOf(place), prefix + id);
	let file: number | undefined;
	const update = (behind: readonly string[]) => {
		try {
			if (file !== undefined && fstatSync(file).nlink === 0) {
				closeSync(file);
				file = undefined;
			}

			file ??= createEntry(path);
			writeSync(file, contentOf(place, wish, {now, behind}), 0, entryBytes, 0);
		} catch {
			// The folder is full or not for us: the others do not see that we wait.
		}
	};
	update([]);
	return {
		id,
		since: now,
		update,
		leave() {
			if (file !== undefined) {
				closeSync(file);
				file = undefined;
				unlinkIfThere(path);
			}
		},
	};
}

/** Readable by everyone, whatever the umask. */
function createEntry(path: string): number {
	const file = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o644);
	fchmodSync(file, 0o644);
	return file;
}

function contentOf(place: Place, wish: GpuWish, {now, behind}: {now: Date; behind: readonly string[]}): Buffer {
	const buffer = Buffer.alloc(entryBytes, ' ');
	const of = (shown: readonly string[]) =>
		JSON.stringify({
			version: 1,
			engine: engineKey(place.engine.address),
			user: place.person.name,
			pid: process.pid,
			startedAt: processStart(process.pid) ?? '',
			namespace: pidNamespace(),
			since: now.toISOString(),
			...wish,
			behind: shown,
		});
	const shown = behind.slice(0, 8).map((each) => each.slice(0, 100));
	const whole = of(shown);
	buffer.write(Buffer.byteLength(whole) <= entryBytes ? whole : of([]));
	return buffer;
}

/**
The queue of this host and engine, the first one first. Undefined where it is not known: for an engine elsewhere, and where the folder cannot be
read or has too many files. Never throws.
*/
export function readQueue(place: Place, now = new Date()): QueueEntry[] | undefined {
	const files = place.engine.local ? filesIn(folderOf(place)) : undefined;
	if (files === undefined || files.isCut) {
		return undefined;
	}

	const here = engineKey(place.engine.address);
	const entries: QueueEntry[] = [];
	const counts = new Map<number, number>();
	let names: Map<number, string> | undefined;
	const current = files.files.filter(({info}) => place.demo || isRecent(info, now));
	for (const {record, info, id} of readFiles(newestOfEach(current))) {
		const count = counts.get(info.uid) ?? 0;
		// On the demo host no process waits.
		const alive = place.demo || isAlive(record, info, now);
		if (record.engine !== here || count >= mostOfOneUser || !alive) {
			continue;
		}

		counts.set(info.uid, count + 1);
		names ??= readUserNames();
		entries.push(toEntry(record, {id, place, info, name: names.get(info.uid)}));
	}

	return entries.toSorted((a, b) => (cameBefore(a, b) ? -1 : 1));
}

/** Removes what killed processes of the caller left. */
export function removeDeadEntries(place: Place, now = new Date()): void {
	const folder = folderOf(place);
	const own = process.getuid?.();
	const {files} = (place.demo ? undefined : filesIn(folder)) ?? {files: []};
	for (const {record, info, id} of readFiles(files.filter(({info: {uid}}) => uid === own))) {
		if (info.uid === own && !isAlive(record, info, now)) {
			unlinkIfThere(join(folder, prefix + id));
		}
	}
}

/** Every user of the host can write there, and none can remove what is another's. Not os.tmpdir(), which may be the user's own. */
function folderOf({paths}: Place): string {
	return paths.queue ?? '/tmp';
}

/** A file with the name of an entry, which is not read yet. */
type NamedFile = {path: string; id: string; info: Stats};

type Found = {record: QueueRecord; info: Stats; id: string};

/** @returns undefined where the folder cannot be read */
function filesIn(folder: string): {files: NamedFile[]; isCut: boolean} | undefined {
	try {
		const names = readdirSync(folder).filter((name) => name.startsWith(prefix));
		const files = names.slice(0, mostFiles).flatMap((name): NamedFile[] => {
			const path = join(folder, name);
			const info = lstatSync(path, {throwIfNoEntry: false});
			return info?.isFile() && info.size === entryBytes ? [{path, id: name.slice(prefix.length), info}] : [];
		});
		return {files, isCut: names.length > mostFiles};
	} catch (error) {
		return (error as NodeJS.ErrnoException).code === 'ENOENT' ? {files: [], isCut: false} : undefined;
	}
}

/** However many files a user has there, those of the others are read. */
function newestOfEach(files: readonly NamedFile[]): NamedFile[] {
	return [...Map.groupBy(files, ({info}) => info.uid).values()].flatMap((ofOne) =>
		ofOne.length <= mostReadOfOneUser
			? ofOne
			: ofOne.toSorted((a, b) => b.info.mtimeMs - a.info.mtimeMs).slice(0, mostReadOfOneUser),
	);
}

function readFiles(files: readonly NamedFile[]): Found[] {
	return files.flatMap(({path, id}) => readOne(path, id) ?? []);
}

/** Anyone can put anything there: nothing is followed or waited for, and little is read. */
function readOne(path: string, id: string): Found | undefined {
	try {
		const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
		try {
			const info = fstatSync(file);
			if (!info.isFile() || info.size !== entryBytes) {
				return undefined;
			}

			// A second time where it was being written.
			const record = toRecord(textOf(file)) ?? toRecord(textOf(file));
			return record && {record, info, id};
		} finally {
			closeSync(file);
		}
	} catch {
		// It has left, or is not for us.
		return undefined;
	}
}

function textOf(file: number): string {
	const buffer = Buffer.alloc(entryBytes);
	return buffer.toString('utf8', 0, readSync(file, buffer, 0, entryBytes, 0));
}

type QueueRecord = Omit<QueueEntry, 'uid' | 'mine' | 'id'> & {
	engine: string;
	pid: number;
	startedAt: string;
	namespace: string;
};

function toRecord(text: string): QueueRecord | undefined {
	let value: Record<string, unknown>;
	try {
		value = Object(JSON.parse(text)) as Record<string, unknown>;
	} catch {
		return undefined;
	}

	const {engine, user, pid, startedAt, namespace, since, name, count, uuids, share, behind} = value;
	const time = new Date(String(since));
	const isWhole = (given: unknown, most: number): given is number =>
		Number.isInteger(given) && Number(given) > 0 && Number(given) <= most;
	const areTexts = (given: unknown): given is string[] =>
		Array.isArray(given) && given.length <= 64 && given.every((each) => typeof each === 'string');
	if (
		typeof engine !== 'string' ||
		typeof user !== 'string' ||
		typeof startedAt !== 'string' ||
		typeof namespace !== 'string' ||
		typeof name !== 'string' ||
		!namePattern.test(name) ||
		!isWhole(pid, 2 ** 31) ||
		!isWhole(count, 1024) ||
		!areTexts(behind) ||
		!(uuids === undefined || (areTexts(uuids) && uuids.every((uuid) => /^[\w/-]{1,100}$/.test(uuid)))) ||
		Number.isNaN(time.getTime())
	) {
		return undefined;
	}

	return {
		engine,
		user: safeText(user).slice(0, 64),
		pid,
		startedAt,
		namespace,
		since: time,
		name,
		count,
		...(uuids === undefined ? {} : {uuids}),
		share: share === true,
		behind: behind.slice(0, 8).map((each) => safeText(each).slice(0, 100)),
	};
}

function isAlive({pid, startedAt, namespace}: QueueRecord, info: Stats, now: Date): boolean {
	if (!isRecent(info, now)) {
		return false;
	}

	const found = namespace === pidNamespace() ? lookAtProcess(pid) : 'hidden';
	return found === 'hidden' || (found !== 'gone' && found.startedAt === startedAt && found.uid === info.uid);
}

function isRecent({mtimeMs}: Stats, now: Date): boolean {
	return Math.abs(now.getTime() - mtimeMs) <= staleAfter;
}

function lookAtProcess(pid: number): 'gone' | 'hidden' | {startedAt: string; uid: number} {
	try {
		const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
		// The name in parentheses may contain anything, including parentheses.
		const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
		// A killed process stays in the list until its parent has asked for it.
		return fields[0] === 'Z' || fields[0] === 'X'
			? 'gone'
			: {startedAt: fields[19] ?? '', uid: statSync(`/proc/${pid}`).uid};
	} catch (error) {
		const isMissing = ['ENOENT', 'ESRCH'].includes(String((error as NodeJS.ErrnoException).code));
		return isMissing && isThere('/proc/1') ? 'gone' : 'hidden';
	}
}

function isThere(path: string): boolean {
	try {
		return statSync(path).isDirectory();
	} catch {
		return false;
	}
}

function toEntry(
	{engine: _, pid: _pid, startedAt: _start, namespace: _namespace, user, since, ...record}: QueueRecord,
	{id, place, info, name}: {id: string; place: Place; info: Stats; name: string | undefined},
): QueueEntry {
	const {birthtime, birthtimeMs, ctimeMs, uid} = info;
	// When it came is its own word, but no time before there was the file.
	const isKept = birthtimeMs > 0 && (birthtimeMs !== ctimeMs || readsBirthtimes());
	// On the demo host all files are the user's.
	const {demo, person} = place;
	return {
		...record,
		id,
		since: isKept && birthtime > since && !demo ? birthtime : since,
		uid,
		// Who is known to a directory service only is named as they say.
		user: demo ? user : (name ?? `${user} (uid ${uid})`),
		mine: demo ? user === person.name : uid === person.uid,
	};
}

let birthtimes: boolean | undefined;

/** Without statx(2), as behind some seccomp filters, Node gives the time of the last change for that of the creation. */
function readsBirthtimes(): boolean {
	try {
		// The kernel keeps none for /proc.
		birthtimes ??= statSync('/proc/self').birthtimeMs === 0;
	} catch {
		birthtimes = false;
	}

	return birthtimes;
}

function readUserNames(): Map<number, string> {
	try {
		return userNames(readFileSync('/etc/passwd', 'utf8'));
	} catch {
		return new Map();
	}
}

let namespace: string | undefined;

function pidNamespace(): string {
	try {
		namespace ??= readlinkSync('/proc/self/ns/pid');
	} catch {
		namespace = '';
	}

	return namespace;
}

function unlinkIfThere(path: string): void {
	try {
		unlinkSync(path);
	} catch {
		// Removed by another run, or by what cleans the folder up.
	}
}
