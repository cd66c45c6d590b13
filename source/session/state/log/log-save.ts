import {randomBytes} from 'node:crypto';
import {type FileHandle, open, rename, unlink} from 'node:fs/promises';
import {Failure} from '../../../base/failure.ts';
import {adviceForWrite} from '../../../base/write-advice.ts';
import {safeText} from '../../../text/safe.ts';
import type {LogModel} from './log-model.ts';
import {type LogOf, linesOf} from './log-read.ts';
import {plainLine} from './text/log-rows.ts';

type Saved = {text: string; time: number; source: number};

/** Lines that are written at once. */
const batch = 1000;

/**
Writes a whole log into a new file as it is shown: without colours, only the lines that are chosen, with times and boxes where these are shown. Several
logs are merged by time.

@param onLines called with how many lines are written
@returns how many lines there were
@throws Failure when the file is there already, unless `overwrite`, or cannot be written; then nothing of it is left
*/
export async function saveLog(
	model: LogModel,
	logOf: (source: number) => LogOf,
	{path, times, overwrite}: {path: string; times: boolean; overwrite: boolean},
	onLines: (lines: number) => void,
): Promise<number> {
	// What is replaced stays until all is written.
	const target = overwrite ? `${path}.${randomBytes(4).toString('hex')}` : path;
	const file = await create(target);
	const names = model.sources.map(({subject}) => subject.name);
	let lines = 0;
	let waiting: string[] = [];
	const write = async () => {
		const text = waiting.join('');
		waiting = [];
		await file.write(text);
	};
	try {
		for await (const {text, time, source} of inOrder(names.map((_, number) => savedOf(logOf(number), number)))) {
			const stamp = times && time > 0 ? `${new Date(time / 1000).toISOString()} ` : '';
			const name = names.length > 1 ? `${names[source]}: ` : '';
			waiting.push(`${stamp}${name}${plainLine(text)}\n`);
			lines += 1;
			if (waiting.length >= batch) {
				await write();
				onLines(lines);
			}
		}

		await write();
		await file.close();
		if (overwrite) {
			await rename(target, path);
		}

		return lines;
	} catch (error) {
		await file.close().catch(() => {});
		// Half a log would pass for a whole one.
		await unlink(target).catch(() => {});
		throw (error as NodeJS.ErrnoException).syscall === undefined ? error : notWritten(path, error);
	}
}

/** Refuses what is there already, also what another user put there a moment ago. */
async function create(path: string): Promise<FileHandle> {
	try {
		return await open(path, 'wx');
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
			throw new FileExists(path);
		}

		throw notWritten(path, error);
	}
}

/** Thrown when there is a file that would be overwritten. */
export class FileExists extends Failure {
	constructor(path: string) {
		super(`${safeText(path)} is there already.`, {fix: 'S saves to another file.'});
	}
}

function notWritten(path: string, error: unknown): Failure {
	const {code = '', message} = error as NodeJS.ErrnoException;
	const reasons: Record<string, string> = {ENOENT: 'its folder does not exist', EISDIR: 'it is a folder'};
	return new Failure(`The log was not saved to ${safeText(path)}: ${reasons[code] ?? safeText(message)}.`, {
		fix: adviceForWrite(error, path) || 'S saves to another file.',
		cause: error,
	});
}

/** The lines of one log. */
async function* savedOf(log: LogOf, source: number): AsyncGenerator<Saved> {
	for await (const lines of linesOf(log, {})) {
		for (const {text, time} of lines) {
			if (log.accept?.(text) !== false) {
				yield {text, time, source};
			}
		}
	}
}

/** Lines of several logs by time. */
async function* inOrder(logs: Array<AsyncGenerator<Saved>>): AsyncGenerator<Saved> {
	const heads = await Promise.all(logs.map(async (log) => ({log, next: await log.next()})));
	try {
		for (;;) {
			const open = heads.filter(({next}) => next.done !== true);
			const [first] = open.toSorted((a, b) => (a.next.value?.time ?? 0) - (b.next.value?.time ?? 0));
			if (first === undefined) {
				return;
			}

			if (first.next.done !== true) {
				yield first.next.value;
			}

			first.next = await first.log.next();
		}
	} finally {
		await Promise.all(logs.map(async (log) => log.return(undefined)));
	}
}
