import {readdirSync} from 'node:fs';
import {dirname, join} from 'node:path';
import type {Paths} from '../host/host.ts';

/** An empty file for each run that has not ended, so that a list of boxes need not read those that have. */
export function activeRunsFolder({state}: Pick<Paths, 'state'>): string {
	return join(dirname(state), 'runs', 'active');
}

/** The names of the caller's runs that have not ended, as far as is known. */
export function activeRuns(paths: Pick<Paths, 'state'>): string[] {
	try {
		return readdirSync(activeRunsFolder(paths)).filter((file) => !file.startsWith('.'));
	} catch {
		// No run was ever started here.
		return [];
	}
}

export function hasActiveRuns(paths: Pick<Paths, 'state'>): boolean {
	return activeRuns(paths).length > 0;
}
