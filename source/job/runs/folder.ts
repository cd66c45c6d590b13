import {chownSync, lstatSync, mkdirSync, readdirSync} from 'node:fs';
import {join} from 'node:path';
import {Failure} from '../../base/failure.ts';
import {writeFileAtomic} from '../../base/safe-files.ts';
import {adviceForWrite} from '../../base/write-advice.ts';
import type {Paths, Person} from '../../host/host.ts';
import {safeText} from '../../text/safe.ts';
import {runsFolder} from '../job.ts';
import {createRecord, type RunRecord, removeRecord, runNames} from './record.ts';

/** Where the runs of a project are, on the host. */
function runsOf(project: string): string {
	return join(project, runsFolder);
}

/** The name that the next run gets: one more than the last one, of the user's runs and of the project's folders. */
export function nextRunName(
	paths: Pick<Paths, 'state'>,
	project: string,
	name: string,
	taken: readonly string[],
): string {
	const numbers = [...runNames(paths), ...foldersIn(runsOf(project)), ...taken].flatMap((each) => {
		const number = each.startsWith(`${name}-`) ? each.slice(name.length + 1) : '';
		return /^\d{1,9}$/.test(number) ? [Number(number)] : [];
	});
	return `${name}-${Math.max(0, ...numbers) + 1}`;
}

/**
Gives a new run its name and its folder in the project.

@param name without the number
@param taken names of containers
@param record all of it but what follows from the name
@throws Failure when the folder cannot be created
*/
export function allocateRun(
	paths: Pick<Paths, 'state'>,
	name: string,
	{taken, runAs}: {taken: readonly string[]; runAs: Person},
	record: Omit<RunRecord, 'name' | 'folder'>,
): RunRecord {
	const lost: string[] = [];
	for (;;) {
		const run = nextRunName(paths, record.project, name, [...taken, ...lost]);
		const whole: RunRecord = {...record, name: run, folder: join(runsOf(record.project), run)};
		lost.push(run);
		// The record decides between two runs that start at the same moment.
		if (!createRecord(paths, whole)) {
			continue;
		}

		try {
			if (makeRunFolder(whole.folder, record.project, runAs)) {
				return whole;
			}
		} catch (error) {
			removeRecord(paths, run);
			throw error;
		}

		removeRecord(paths, run);
	}
}

/** @returns false when it exists already, as after a folder of another user's run of the same name */
function makeRunFolder(path: string, project: string, runAs: Person): boolean {
	const runs = runsOf(project);
	try {
		makeOwned(runs, runAs);
		if (!lstatSync(runs).isDirectory()) {
			throw new Failure(`${safeText(runs)} is not a folder, so the run has no place for its log.`, {
				fix: 'Rename it. gpubox keeps its runs there and follows no links out of the project.',
			});
		}

		if (!makeOwned(path, runAs)) {
			return false;
		}

		// What a run leaves is not part of the project's history.
		writeFileAtomic(join(path, '.gitignore'), '*\n', {mode: 0o644, anyFolder: true, replaceable: true, owner: runAs});
		return true;
	} catch (error) {
		throw error instanceof Failure
			? error
			: new Failure(`Cannot create the folder of the run: ${(error as Error).message}`, {
					fix: adviceForWrite(error, path),
					cause: error,
				});
	}
}

/** With the caller's umask, as in a project that a group shares. @returns whether it was created here */
function makeOwned(path: string, {uid, gid}: Person): boolean {
	try {
		mkdirSync(path);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
			return false;
		}

		throw error;
	}

	if (process.getuid?.() === 0 && uid !== 0) {
		chownSync(path, uid, gid);
	}

	return true;
}

function foldersIn(path: string): string[] {
	try {
		return readdirSync(path);
	} catch {
		// The project has no runs yet.
		return [];
	}
}
