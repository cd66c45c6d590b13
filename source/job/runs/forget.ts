import {rmdirSync} from 'node:fs';
import type {Host} from '../../host/host.ts';
import {removeOwnFiles} from './files.ts';
import {type RunRecord, removeRecord} from './record.ts';

/** Removes a run in which nothing ran, with its folder unless something is in it. */
export function forgetRun(paths: Host['paths'], run: RunRecord): void {
	removeOwnFiles(run.folder);
	try {
		rmdirSync(run.folder);
	} catch {
		// It is gone, or something else is in it.
	}

	removeRecord(paths, run.name);
}
