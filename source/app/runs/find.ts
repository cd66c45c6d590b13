import {realpathSync} from 'node:fs';
import {exitCode, Failure} from '../../base/failure.ts';
import {type Box, containerPrefix} from '../../box/box.ts';
import type {Host} from '../../host/host.ts';
import {type RunState, stateOf} from '../../job/runs/manifest.ts';
import {type RunRecord, readRunRecord, runNames} from '../../job/runs/record.ts';
import {mostSimilar} from '../../text/match/similar.ts';
import {safeText} from '../../text/safe.ts';

/** A run and how far it is. */
export type KnownRun = {run: RunRecord; state: RunState};

/** All runs of the caller, the newest first. */
export function listRuns({paths}: Pick<Host, 'paths'>): KnownRun[] {
	return runNames(paths)
		.flatMap((name) => readRunRecord(paths, name) ?? [])
		.sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1))
		.map((run) => ({run, state: stateOf(run)}));
}

/**
Finds a run by its name, or by its number among those of the current project.

@param given as it was typed
@returns undefined when there is none
*/
export function findRun({paths}: Pick<Host, 'paths'>, given: string, folder = process.cwd()): RunRecord | undefined {
	const name = given.startsWith(containerPrefix) ? given.slice(containerPrefix.length) : given;
	const named = readRunRecord(paths, name);
	if (named !== undefined || !/^\d{1,9}$/.test(given)) {
		return named;
	}

	return runsHere({paths}, folder).find((run) => run.name.endsWith(`-${given}`));
}

/** Those of the project that a folder is in, the newest first. */
export function runsHere({paths}: Pick<Host, 'paths'>, folder = process.cwd()): RunRecord[] {
	const here = realpathSync(folder);
	return listRuns({paths})
		.map(({run}) => run)
		.filter(({project}) => here === project || here.startsWith(`${project}/`));
}

/** @throws Failure (no such box) with the name that was probably meant */
export function needRun(host: Pick<Host, 'paths'>, given: string): RunRecord {
	const run = findRun(host, given);
	if (run) {
		return run;
	}

	const similar = mostSimilar(given, runNames(host.paths));
	throw new Failure(`No run of yours is named "${safeText(given)}".`, {
		fix: similar ? `Did you mean "${similar}"? List runs: gpubox runs` : 'List runs: gpubox runs',
		exitCode: exitCode.noSuchBox,
	});
}

/** The name of the last run here. @throws Failure (usage) without one, and where the engine, and so the folder, is another machine's */
export function needLastRun({paths, engine}: Pick<Host, 'paths' | 'engine'>): string {
	const [last] = engine.local ? runsHere({paths}) : [];
	if (last === undefined) {
		throw new Failure('No run specified, and none was started in this folder.', {
			fix: 'List them: gpubox runs. A run is named NAME-N.',
			exitCode: exitCode.usage,
		});
	}

	return last.name;
}

/** The container of a run, while it has one. */
export function boxOf(run: Pick<RunRecord, 'name'>, boxes: readonly Box[]): Box | undefined {
	return boxes.find(({mine, job, name}) => mine && job !== undefined && name === run.name);
}
