/**
Who stops or removes a box is written into its log, and for another user's box also told to its owner: in a small file in the home of the
box, which is in the owner's own folders. Their next `gpubox ls` or session shows it and removes it.

Such a notice is a claim, like a label: whoever may write into that home, or uses docker's own commands, could write another one.
*/

import {randomBytes} from 'node:crypto';
import {
	closeSync,
	type Dirent,
	fstatSync,
	constants as open,
	openSync,
	readdirSync,
	readSync,
	unlinkSync,
} from 'node:fs';
import {basename, dirname, join} from 'node:path';
import {exitCode, Failure} from '../../base/failure.ts';
import {EngineError} from '../../engine/engine.ts';
import {execOwn} from '../../engine/run-once.ts';
import type {Host} from '../../host/host.ts';
import {safeText} from '../../text/safe.ts';
import {formatTime} from '../../text/time.ts';
import {type Box, namePattern} from '../box.ts';

export type Deed = 'stopped' | 'restarted' | 'recreated' | 'removed';

export type Notice = {box: string; by: string; uid: number; at: Date} & ({what: Deed} | {what: 'asked'; text: string});

const deeds: readonly string[] = ['stopped', 'restarted', 'recreated', 'removed'] satisfies Deed[];

/** Of a question to an owner, in characters. */
const longestText = 500;

const prefix = '.gpubox-notice-';

const largestBytes = 4096;

/** The engine makes the file first and fills it then. In milliseconds. */
const writingMs = 5000;

/** More than that are shown the next time. */
const mostAtOnce = 20;

/**
Writes down who is about to end a box. What goes wrong does not keep the box from being ended.

@returns what could not be done, for the user; safe to print
*/
export async function tellOwner(host: Host, box: Box, what: Deed): Promise<string[]> {
	if (host.demo) {
		return [];
	}

	const by = `${host.person.name} (uid ${host.person.uid})`;
	const notes: string[] = [];
	if (box.state === 'running' && what !== 'removed') {
		const text = `gpubox: ${what} by ${by}`;
		const failed = await tried(() => writeLine(host, box, text));
		if (failed !== undefined && !box.mine) {
			notes.push(`Cannot write into the log of ${box.name} that you ${what} it: ${failed}.`);
		}
	}

	const foreign = !box.mine && !box.pending && box.ownerIs !== 'claimed';
	const failed = foreign ? await tried(() => leaveNotice(host, box, {what})) : undefined;
	return failed === undefined
		? notes
		: [...notes, `The owner of ${box.name} is not notified (${failed}). Please tell them yourself.`];
}

/**
Asks the owner of another user's box something: in a line of its log, and as a notice that their next `gpubox ls` or session shows.

@returns what could not be done, for the user; safe to print
@throws Failure (usage) for an empty text and for a box of the caller's; Failure where the owner cannot be reached in either way
*/
export async function askOwner(host: Host, box: Box, given: string): Promise<string[]> {
	const text = safeText(given).replaceAll(/\s+/g, ' ').trim().slice(0, longestText);
	if (text === '') {
		throw new Failure('There is no text to send.', {
			fix: `For example: gpubox ask ${box.name} "Do you still need the GPUs?"`,
			exitCode: exitCode.usage,
		});
	}

	if (box.mine) {
		throw new Failure(`${box.name} is your own box.`, {fix: 'List boxes: gpubox ls', exitCode: exitCode.usage});
	}

	const line = `gpubox: ${host.person.name} (uid ${host.person.uid}) asks: ${text}`;
	const notLogged = box.state === 'running' ? await tried(() => writeLine(host, box, line)) : 'it does not run';
	const notLeft =
		box.ownerIs === 'claimed'
			? 'no one is known to own it'
			: await tried(() => leaveNotice(host, box, {what: 'asked', text}));
	if (notLogged !== undefined && notLeft !== undefined) {
		throw new Failure(`The owner of ${box.name} cannot be asked here: ${notLeft}; its log: ${notLogged}.`, {
			fix: 'Please ask them yourself.',
			exitCode: exitCode.failed,
		});
	}

	return [
		...(notLogged === undefined ? [] : [`It is not in the log of ${box.name}: ${notLogged}.`]),
		...(notLeft === undefined ? [] : [`It is in the log of ${box.name} only: ${notLeft}.`]),
	];
}

async function writeLine({engine}: Host, {id}: Box, text: string): Promise<string | undefined> {
	const written = await execOwn(engine, id, ['sh', '-c', 'printf "%s\\n" "$1" > /proc/1/fd/1', 'gpubox', text]);
	return written.exitCode === 0 ? undefined : 'its shell failed';
}

async function leaveNotice(
	{engine, person}: Host,
	box: Box,
	told: {what: Deed} | {what: 'asked'; text: string},
): Promise<string | undefined> {
	const home = `/home/${box.user}`;
	const isName = /^[\w-][\w.-]*$/.test(box.user);
	const detail = isName ? await engine.inspectContainer(box.id) : undefined;
	const isMounted = detail?.mounts.some(({type, target, readOnly}) => type === 'bind' && target === home && !readOnly);
	// A link would lead elsewhere.
	const kinds = isMounted ? await Promise.all(['/home', home].map((path) => engine.kindOfFile(box.id, path))) : [];
	if (kinds.length === 0 || kinds.some((kind) => kind !== 'folder')) {
		return 'it has no home of theirs';
	}

	const notice = {...told, box: box.name, by: person.name, uid: person.uid, at: new Date().toISOString()};
	const path = `${prefix}${randomBytes(6).toString('hex')}`;
	await engine.putFiles(box.id, home, [{path, content: JSON.stringify(notice), mode: 0o644}]);
	return undefined;
}

async function tried(work: () => Promise<string | undefined>): Promise<string | undefined> {
	try {
		return await work();
	} catch (error) {
		if (error instanceof EngineError) {
			return error.message;
		}

		throw error;
	}
}

/** The notices for the caller, the oldest first. Each is returned once: it is removed here, when it is whole. Never throws. */
export function takeNotices({paths}: Pick<Host, 'paths'>): Notice[] {
	return homesOf(paths.home)
		.flatMap((home) => noticesIn(home))
		.slice(0, mostAtOnce)
		.flatMap((path) => take(path) ?? [])
		.toSorted((a, b) => a.at.getTime() - b.at.getTime());
}

export function noticeText(notice: Notice): string {
	const {what, box, by, uid, at} = notice;
	return notice.what === 'asked'
		? `${by} (uid ${uid}) asks about ${box}, ${formatTime(at)}: ${notice.text}`
		: `${box} was ${what} by ${by} (uid ${uid}), ${formatTime(at)}.`;
}

/** Root has one for each user it creates boxes for. */
function homesOf(home: string): string[] {
	const others =
		process.getuid?.() === 0 ? list(dirname(home)).filter(({name}) => name.startsWith(`${basename(home)}-`)) : [];
	return [home, ...others.map(({name}) => join(dirname(home), name))];
}

/** A folder of that name could not be removed, and would keep the place of a notice. */
function noticesIn(home: string): string[] {
	return list(home)
		.filter((entry) => entry.name.startsWith(prefix) && !entry.isDirectory())
		.map(({name}) => join(home, name));
}

function list(folder: string): Dirent[] {
	try {
		return readdirSync(folder, {withFileTypes: true});
	} catch {
		// No box was ever created here.
		return [];
	}
}

function take(path: string): Notice | undefined {
	const found = read(path);
	if (found === 'unfinished') {
		return undefined;
	}

	return remove(path) ? found : undefined;
}

/** Programs in a box can write into its home: nothing there is followed, and little is read. */
function read(path: string): Notice | 'unfinished' | undefined {
	try {
		const file = openSync(path, open.O_RDONLY | open.O_NOFOLLOW | open.O_NONBLOCK);
		try {
			const info = fstatSync(file);
			if (!info.isFile() || info.size > largestBytes) {
				return undefined;
			}

			const buffer = Buffer.alloc(largestBytes);
			const value = parse(buffer.toString('utf8', 0, readSync(file, buffer)));
			return value === undefined && Date.now() - info.ctimeMs < writingMs ? 'unfinished' : toNotice(value);
		} finally {
			closeSync(file);
		}
	} catch {
		// Taken by another run at the same moment, a link, or not for the caller to read.
		return undefined;
	}
}

function parse(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}

/** Whether it is the caller's to show: of two sessions that read it at the same moment, one removes it. */
function remove(path: string): boolean {
	try {
		unlinkSync(path);
		return true;
	} catch (error) {
		return (error as NodeJS.ErrnoException).code !== 'ENOENT';
	}
}

function toNotice(value: unknown): Notice | undefined {
	const {what, box, by, uid, at, text} = (value ?? {}) as Record<string, unknown>;
	const time = new Date(String(at));
	const told =
		typeof what === 'string' && deeds.includes(what)
			? {what: what as Deed}
			: what === 'asked' && typeof text === 'string'
				? {what: 'asked' as const, text: safeText(text).slice(0, longestText)}
				: undefined;
	return told !== undefined &&
		typeof box === 'string' &&
		namePattern.test(box) &&
		typeof by === 'string' &&
		Number.isInteger(uid) &&
		!Number.isNaN(time.getTime())
		? {...told, box, by: safeText(by).slice(0, 64), uid: uid as number, at: time}
		: undefined;
}
