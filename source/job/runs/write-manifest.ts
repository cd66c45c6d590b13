import {join} from 'node:path';
import {writeFileAtomic} from '../../base/safe-files.ts';
import {makeManifest, type Outcome} from './manifest.ts';
import type {RunRecord} from './record.ts';

/**
To be written before the record says that the run is over: no one would write it again after a power cut. A disk that is full, or a folder that is
gone, must not keep the run from being over.

@param outcome undefined while it runs
*/
export function writeManifest(run: RunRecord, outcome: Outcome | undefined): void {
	try {
		writeFileAtomic(
			join(run.folder, 'manifest.json'),
			`${JSON.stringify(makeManifest(run, outcome), undefined, 2)}\n`,
			{mode: 0o644, anyFolder: true, replaceable: outcome === undefined},
		);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === undefined) {
			throw error;
		}
	}
}

/** Written when a run starts; what is known at its end is added then. */
export function writeFirstManifest(run: RunRecord): void {
	writeManifest(run, undefined);
}
