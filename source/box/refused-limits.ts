/** Which engines refuse to raise the limits for locked memory and open files. It takes a container that is created and not started to find out. */
import {statSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {hashOf} from '../base/hash.ts';
import {makeFolder, writeFileAtomic} from '../base/safe-files.ts';
import type {Paths} from '../host/host.ts';
import {label} from './box.ts';
import {boxFolders, engineKey, readRecord} from './record.ts';

type Place = Pick<Paths, 'state'>;

/** For so long an engine is not asked again, in milliseconds: its rights may change. */
const remembered = 24 * 60 * 60 * 1000;

/** Whether an engine refused them for a box of the user, including removed ones, or within a day. Boxes of others are not trusted. */
export function limitsWereKept(paths: Place, engineAddress: string): boolean {
	const here = engineKey(engineAddress);
	return (
		wasRefused(refusalPath(paths, here)) ||
		boxFolders(paths).some((folder) => {
			const record = readRecord(paths, folder);
			return record?.labels[label.limits] === 'kept' && engineKey(record.engine) === here;
		})
	);
}

/** Remembers a refusal. @throws Failure; errors of the file system */
export function rememberRefusedLimits(paths: Place, engineAddress: string): void {
	const path = refusalPath(paths, engineKey(engineAddress));
	makeFolder(dirname(path));
	writeFileAtomic(path, '', {mode: 0o600, replaceable: true});
}

function refusalPath({state}: Place, engine: string): string {
	return join(dirname(state), 'refused-limits', hashOf(engine).slice(0, 16));
}

function wasRefused(path: string): boolean {
	const age = Date.now() - (statSync(path, {throwIfNoEntry: false})?.mtimeMs ?? 0);
	// The clock of the file system may be a little ahead.
	return age > -1000 && age < remembered;
}
