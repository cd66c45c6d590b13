import {rmdirSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import type {Host} from '../../host/host.ts';
import {convertedScript} from '../job.ts';
import {type RunRecord, removeRecord} from './record.ts';

/** Removes a run in which nothing ran, with its folder unless something is in it. */
export function forgetRun(paths: Host['paths'], run: RunRecord): void {
	for (const file of ['.gitignore', 'patch', convertedScript, 'log', 'manifest.json']) {
		rmSync(join(run.folder, file), {force: true});
	}

	try {
		rmdirSync(run.folder);
	} catch {
		// It is gone, or something else is in it.
	}

	removeRecord(paths, run.name);
}
