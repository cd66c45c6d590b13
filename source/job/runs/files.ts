import {createHash} from 'node:crypto';
import {createReadStream, readdirSync, rmSync} from 'node:fs';
import {lstat, opendir} from 'node:fs/promises';
import {join, relative} from 'node:path';
import {fileOfKilledWrite} from '../../base/safe-files.ts';
import {convertedScript} from '../job.ts';
import {unfinishedLog} from './log-file.ts';

/** A file that a run wrote. */
export type RunFile = {
	/** Relative to the project. */
	path: string;
	sizeBytes: number;
	/** Null when it could not be read. */
	sha256: string | null;
};

/** Of more files a list is no help; what is left out is told by the count. */
const mostFiles = 10_000;

/** Gpubox's own files in the folder of a run. */
const own = new Set(['log', 'manifest.json', 'patch', '.gitignore']);

/** All that gpubox writes there: the script of a notebook is a file of the run, too. */
const written = [...own, convertedScript];

/** Removes what writes of gpubox's own files that were killed have left in the folder of a run. */
export function removeKilledWrites(folder: string): void {
	for (const name of namesIn(folder)) {
		if (name === unfinishedLog || written.includes(fileOfKilledWrite(name) ?? '')) {
			rmSync(join(folder, name), {force: true});
		}
	}
}

/** Removes gpubox's own files from the folder of a run. */
export function removeOwnFiles(folder: string): void {
	removeKilledWrites(folder);
	for (const name of written) {
		rmSync(join(folder, name), {force: true});
	}
}

/**
The files of a run: those in its folder, and those in the folders of --artifacts that were changed since it started. Links are not
followed.

@param since milliseconds since 1970
*/
export async function readRunFiles(
	project: string,
	{folder, artifacts, since}: {folder: string; artifacts: readonly string[]; since: number},
	signal?: AbortSignal,
): Promise<{files: RunFile[]; more: number}> {
	if (artifacts.length === 0 && namesIn(folder).every((name) => own.has(name))) {
		return {files: [], more: 0};
	}

	const paths: string[] = [];
	for await (const path of walk(folder)) {
		if (!own.has(relative(folder, path))) {
			paths.push(path);
		}
	}

	for (const artifact of artifacts) {
		for await (const path of walk(artifact)) {
			const info = await lstat(path).catch(() => undefined);
			// File systems keep less than a millisecond of it, or a second.
			if (info && info.mtimeMs >= since - 2000 && !paths.includes(path)) {
				paths.push(path);
			}
		}
	}

	const files: RunFile[] = [];
	for (const path of paths.sort().slice(0, mostFiles)) {
		signal?.throwIfAborted();
		const info = await lstat(path).catch(() => undefined);
		if (info?.isFile()) {
			files.push({path: relative(project, path), sizeBytes: info.size, sha256: await hashOf(path)});
		}
	}

	return {files, more: Math.max(0, paths.length - mostFiles)};
}

function namesIn(folder: string): string[] {
	try {
		return readdirSync(folder);
	} catch {
		// As for `walk`.
		return [];
	}
}

/** All files below a folder, in no order. */
async function* walk(folder: string): AsyncGenerator<string> {
	let entries: Awaited<ReturnType<typeof opendir>>;
	try {
		entries = await opendir(folder);
	} catch {
		// It is not there, or not the caller's to read.
		return;
	}

	for await (const entry of entries) {
		const path = join(folder, entry.name);
		if (entry.isDirectory()) {
			yield* walk(path);
		} else if (entry.isFile()) {
			yield path;
		}
	}
}

async function hashOf(path: string): Promise<string | null> {
	const hash = createHash('sha256');
	try {
		for await (const part of createReadStream(path)) {
			hash.update(part as Buffer);
		}

		return hash.digest('hex');
	} catch {
		return null;
	}
}
