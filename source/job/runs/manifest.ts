import {version} from '../../base/version.ts';
import type {CheckResult} from '../check.ts';
import type {RunFile} from './files.ts';
import {adviceOf} from './gpu-use.ts';
import type {RunRecord} from './record.ts';

/** What a script reads about a run: an element of `gpubox runs --json`. */
export function runJson(record: RunRecord, state: RunState) {
	return {
		name: record.name,
		id: givenTo(record, state)?.container ?? record.on?.id ?? null,
		owner: record.owner,
		project: record.project,
		state,
		command: record.command,
		gpus: givenTo(record, state)?.gpus.map(({uuid}) => uuid) ?? [],
		on: record.on?.place ?? 'local',
		startedAt: record.startedAt,
		endedAt: record.ended?.at ?? null,
		exitCode: record.ended?.exitCode ?? null,
		signal: record.ended?.signal ?? null,
		reason: record.ended?.reason ?? null,
		folder: record.folder,
		...(record.from === undefined ? {} : {from: record.from}),
	};
}

/** Its container and GPUs; undefined while it waits: those of an attempt to start it may still go to another. */
export function givenTo(
	record: RunRecord,
	state = stateOf(record),
): Pick<RunRecord, 'container' | 'gpus' | 'use'> | undefined {
	return state === 'waiting' ? undefined : record;
}

export type RunState = 'waiting' | 'running' | 'done' | 'lost';

/** How far a run has got. A record alone does not know whether its container still runs. */
export function stateOf({ended, startedAt}: Pick<RunRecord, 'ended' | 'startedAt'>): RunState {
	if (ended !== null) {
		return ended.known ? 'done' : 'lost';
	}

	return startedAt === null ? 'waiting' : 'running';
}

/** What is added once a run has ended. */
export type Outcome = {
	files: RunFile[];
	moreFiles: number;
	/** Bytes of the output that are not in the log. */
	logMissingBytes: number;
	/** Exit code of the publish command; null when it did not run to its end. */
	publish: {command: string; exitCode: number | null} | null;
	/** What the check before it found. */
	check: CheckResult | undefined;
};

/** The manifest of a run, in the order in which it is read. Names of variables and secrets, never their values. */
export function makeManifest(record: RunRecord, outcome: Outcome | undefined) {
	const {ended} = record;
	const {gpus: cards, use} = givenTo(record) ?? {gpus: [], use: []};
	return {
		version: 1,
		...runJson(record, stateOf(record)),
		workingDirectory: record.workingDirectory,
		gpubox: version,
		git: record.git,
		lock: record.lockHash,
		image: {reference: record.image ?? null, digest: record.imageDigest ?? null, id: record.imageId ?? null},
		cards,
		...(record.on === undefined ? {} : {node: record.on.where, nodeCards: record.on.cards}),
		driverVersion: record.driverVersion,
		nproc: record.processes,
		check: outcome?.check === undefined ? null : checkJson(outcome.check),
		variables: record.variables,
		secrets: record.secrets,
		gpuHours: gpuHoursOf(record),
		// Of the whole card, read every few seconds while gpubox followed the run; null where that never happened.
		gpuUse: use.map(({uuid, peakMemoryMiB, utilizationSum, samples}) => ({
			uuid,
			peakMemoryMiB: samples === 0 ? null : peakMemoryMiB,
			meanUtilization: samples === 0 || utilizationSum === null ? null : Math.round(utilizationSum / samples),
			samples,
		})),
		advice: adviceOf(record) ?? null,
		stopped: record.stopped,
		log: {path: 'log', missingBytes: outcome?.logMissingBytes ?? null},
		files: outcome?.files ?? [],
		moreFiles: outcome?.moreFiles ?? 0,
		publish: outcome?.publish ?? null,
		complete: ended !== null && outcome !== undefined,
	};
}

function checkJson({passed, torch, cuda, cudnn, nccl, driver, archs, problems}: CheckResult) {
	return {passed, torch, cuda, cudnn, nccl, driver, archs, problems: problems.map(({message}) => message)};
}

/** Cards times hours, to a thousandth; null while it runs or when its end is not known. */
export function gpuHoursOf({
	gpus,
	on,
	startedAt,
	ended,
}: Pick<RunRecord, 'gpus' | 'on' | 'startedAt' | 'ended'>): number | null {
	if (startedAt === null || ended === null || ended.at === null) {
		return null;
	}

	const hours = (Date.parse(ended.at) - Date.parse(startedAt)) / 3_600_000;
	return Math.round((on?.gpus ?? gpus.length) * Math.max(0, hours) * 1000) / 1000;
}
