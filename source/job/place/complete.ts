import type {Paths} from '../../host/host.ts';
import {safeText} from '../../text/safe.ts';
import {type Completed, endOfLog} from '../runs/complete.ts';
import {readRunFiles} from '../runs/files.ts';
import type {Outcome} from '../runs/manifest.ts';
import {notifyOnce} from '../runs/notify.ts';
import {type Reason, reasonOf} from '../runs/reason.ts';
import {type RunRecord, writeRunRecord} from '../runs/record.ts';
import {writeManifest} from '../runs/write-manifest.ts';
import type {PlacedRun, PlaceEnd} from './follow.ts';
import {NoAnswer, type Place} from './place.ts';

/**
Completes what is kept of a job of another place that has ended, and removes what is left of it there. May be killed and called again.

@throws errors of the file system
*/
export async function completePlaced(
	{paths}: {paths: Pick<Paths, 'state'>},
	place: Place,
	run: PlacedRun,
	{
		end,
		missingBytes,
		notify,
		signal,
	}: Pick<PlaceEnd, 'missingBytes'> & {
		end: NonNullable<PlaceEnd['end']>;
		notify: string | undefined;
		signal: AbortSignal;
	},
): Promise<Completed> {
	const reason = whyOf(place, run, end);
	const {follower: _gone, ...kept} = run;
	const completed: RunRecord = {
		...kept,
		ended:
			end.kind === 'lost'
				? {known: false, at: null, exitCode: null, signal: null, reason: safeText(end.reason)}
				: {
						known: true,
						at: end.at ?? new Date().toISOString(),
						exitCode: end.exitCode,
						signal: end.signal,
						reason: reason === undefined ? null : safeText(reason.text),
					},
	};
	const {files, more} = await readRunFiles(
		run.project,
		{folder: run.folder, artifacts: run.artifacts, since: Date.parse(run.startedAt ?? run.createdAt)},
		signal,
	);
	const outcome: Outcome = {files, moreFiles: more, logMissingBytes: missingBytes, publish: null, check: undefined};
	writeManifest(completed, outcome);
	writeRunRecord(paths, completed);
	try {
		await place.cleanUp(run.on.id);
	} catch (error) {
		if (!(error instanceof NoAnswer)) {
			throw error;
		}
	}

	return {run: completed, outcome, reason, notifyProblem: await notifyOnce(paths, completed, notify)};
}

/** What the place says comes first, then what is in the log. */
function whyOf(place: Place, run: PlacedRun, end: NonNullable<PlaceEnd['end']>): Reason | undefined {
	if (run.stopped === 'timeout' && end.kind === 'ended') {
		return {text: 'It was stopped because the time of --timeout was up.', fix: ''};
	}

	if (end.reason !== '') {
		return {text: end.reason, fix: end.fix};
	}

	if (end.kind === 'lost' || end.exitCode === 0) {
		return undefined;
	}

	const log = endOfLog(run.folder);
	return (
		place.explain(log) ??
		reasonOf(
			{exitCode: end.exitCode, oomKilled: false},
			{stopped: run.stopped, memoryBytes: run.memoryBytes ?? undefined, log},
		)
	);
}
