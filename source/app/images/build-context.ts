/** The files of a project for the build of its image, without what .dockerignore leaves out. */
import {constants, createReadStream} from 'node:fs';
import {lstat, open, readdir, readlink} from 'node:fs/promises';
import {join} from 'node:path';
import {Failure} from '../../base/failure.ts';
import type {ContextEntry} from '../../engine/engine.ts';
import type {IgnoreRules} from '../../text/match/ignore-patterns.ts';
import {safeText} from '../../text/safe.ts';

export type ContextProgress = {files: number; bytes: number};

/**
Walks a project, folder by folder, each in the order of names. Links are taken as links; sockets, devices and pipes are left out.

@throws Failure for a file that cannot be read or that is written to meanwhile; the signal's reason
*/
export async function* readContext(
	project: string,
	rules: IgnoreRules,
	{signal, onProgress}: {signal: AbortSignal; onProgress?: (progress: ContextProgress) => void},
): AsyncGenerator<ContextEntry> {
	const progress: ContextProgress = {files: 0, bytes: 0};
	const waiting = [''];
	for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
		signal.throwIfAborted();
		const folders: string[] = [];
		for (const name of (await inWords(folder || '.', () => readdir(join(project, folder ?? '')))).sort()) {
			const path = folder === '' ? name : `${folder}/${name}`;
			const ignored = rules.ignores(path);
			if (ignored && !rules.hasExceptions) {
				continue;
			}

			const entry = await entryOf(project, path, signal);
			if (entry?.kind === 'folder') {
				folders.push(path);
			}

			if (entry !== undefined && !ignored) {
				progress.files += 1;
				progress.bytes += entry.kind === 'file' ? entry.bytes : 0;
				onProgress?.({...progress});
				yield entry;
			}
		}

		// One by one: a folder may have more of them than a call can have arguments.
		for (const folder of folders.reverse()) {
			waiting.push(folder);
		}
	}
}

/** Undefined for what no image can hold. */
async function entryOf(project: string, path: string, signal: AbortSignal): Promise<ContextEntry | undefined> {
	const absolute = join(project, path);
	const stats = await inWords(path, () => lstat(absolute));
	const mode = stats.mode & 0o777;
	if (stats.isDirectory()) {
		return {kind: 'folder', path, mode};
	}

	if (stats.isSymbolicLink()) {
		return {kind: 'link', path, mode: 0o777, target: await inWords(path, () => readlink(absolute))};
	}

	return stats.isFile()
		? {kind: 'file', path, mode, bytes: stats.size, open: () => readExactly(absolute, path, stats.size, signal)}
		: undefined;
}

/** A file that shrinks or grows would break everything that follows it in the archive. */
async function* readExactly(
	absolute: string,
	path: string,
	bytes: number,
	signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
	let left = bytes;
	try {
		// It was a file a moment ago: a link or a pipe in its place is not followed.
		const handle = await open(absolute, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
		for await (const chunk of createReadStream(absolute, {fd: handle, signal})) {
			const data = (chunk as Buffer).subarray(0, left);
			left -= data.length;
			yield data;
			if (left === 0) {
				break;
			}
		}
	} catch (error) {
		signal.throwIfAborted();
		throw cannotRead(path, error);
	}

	if (left > 0) {
		throw new Failure(`${path} became shorter while it was read.`, {
			fix: 'Run it again when nothing writes to the project, or leave the file out with .dockerignore.',
		});
	}
}

async function inWords<T>(path: string, read: () => Promise<T>): Promise<T> {
	try {
		return await read();
	} catch (error) {
		throw cannotRead(path, error);
	}
}

function cannotRead(path: string, error: unknown): Failure {
	return new Failure(`Cannot read ${safeText(path)}: ${(error as Error).message}`, {
		fix: 'Make it readable, or leave it out with a line in .dockerignore.',
		cause: error,
	});
}
