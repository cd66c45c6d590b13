import {closeSync, constants as open, openSync, renameSync, rmSync, statSync, writeSync} from 'node:fs';
import {join} from 'node:path';
import {type Engine, EngineError} from '../../engine/engine.ts';
import {logPath, unfinishedLog} from './log-file.ts';

/**
Replaces the log of a run by what the engine has kept of it, where that is more: the engine keeps the last 500 MB, and has them also when
no process followed the run.

@returns whether the log is now as the engine has it
*/
export async function copyLog(engine: Engine, id: string, folder: string, signal?: AbortSignal): Promise<boolean> {
	const fresh = join(folder, unfinishedLog);
	try {
		rmSync(fresh, {force: true});
		const fd = openSync(fresh, open.O_WRONLY | open.O_CREAT | open.O_EXCL | open.O_NOFOLLOW, 0o644);
		let size = 0;
		try {
			for await (const {data} of engine.logs(id, signal ? {signal} : {})) {
				for (let written = 0; written < data.length; ) {
					written += writeSync(fd, data, written);
				}

				size += data.length;
			}
		} finally {
			closeSync(fd);
		}

		const had = statSync(logPath(folder), {throwIfNoEntry: false})?.size ?? -1;
		if (size < had) {
			rmSync(fresh, {force: true});
			return false;
		}

		renameSync(fresh, logPath(folder));
		return true;
	} catch (error) {
		rmSync(fresh, {force: true});
		if (error instanceof EngineError || (error as NodeJS.ErrnoException).code !== undefined) {
			// A full disk, or a container that is gone: what is there stays.
			return false;
		}

		throw error;
	}
}
