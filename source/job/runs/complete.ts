import {closeSync, existsSync, fstatSync, constants as open, openSync, readSync} from 'node:fs';
import {activeRuns} from '../../box/active-runs.ts';
import type {Box} from '../../box/box.ts';
import {abandonedAfter} from '../../box/gpus/claims.ts';
import {engineKey} from '../../box/record.ts';
import {removeWithFiles} from '../../box/up/remove-with-files.ts';
import type {ContainerDetail, LogChunk} from '../../engine/engine.ts';
import type {Host} from '../../host/host.ts';
import {readCheckReport, reasonOfCheck} from './check-report.ts';
import {copyLog} from './copy-log.ts';
import {readRunFiles, removeKilledWrites} from './files.ts';
import {forgetRun} from './forget.ts';
import {LogFile, logPath} from './log-file.ts';
import type {Outcome} from './manifest.ts';
import {notifyOnce} from './notify.ts';
import {publishRun} from './publish.ts';
import {endOf, type Reason, reasonOf} from './reason.ts';
import {isFollowed, type RunRecord, readRunRecord, takeRun, writeRunRecord} from './record.ts';
import {writeManifest} from './write-manifest.ts';

type Place = Pick<Host, 'engine' | 'paths'>;

export type CompleteOptions = {
	signal: AbortSignal;
	/** The user's own command for a run that has ended. */
	notify: string | undefined;
	/** What the publish command prints. */
	onOutput?: (chunk: LogChunk) => Promise<void>;
	/** Bytes that are missing in the log; undefined when no process followed the run to its end. */
	missingBytes?: number;
};

/** A run that has ended, with what is told of it. */
export type Completed = {
	run: RunRecord;
	outcome: Outcome;
	reason: Reason | undefined;
	notifyProblem: string | undefined;
};

/**
Completes what is kept of a run that has ended: log, manifest, publishing, notice; and removes its container. It may be killed at any
moment and called again.

@param detail the container as it ended; undefined when it is gone
@throws EngineError; errors of the file system
*/
export async function completeRun(
	host: Place,
	run: RunRecord,
	box: Pick<Box, 'id' | 'folder'> | undefined,
	detail: ContainerDetail | undefined,
	options: CompleteOptions,
): Promise<Completed> {
	const {signal} = options;
	let missing = options.missingBytes;
	if (detail !== undefined && missing !== 0) {
		missing = (await copyLog(host.engine, detail.id, run.folder, signal)) ? 0 : missing;
	}

	const check = readCheckReport(run);
	const reason = detail
		? (reasonOfCheck(detail.exitCode, check) ??
			reasonOf(detail, {
				stopped: run.stopped,
				memoryBytes: run.memoryBytes ?? undefined,
				log: endOfLog(run.folder),
				onHost: {project: run.project, mounts: detail.mounts, exists: existsSync},
			}))
		: {text: 'Its container was removed by another program, or the engine lost it.', fix: ''};
	const ended = detail
		? endOf(detail, reason)
		: {known: false, at: null, exitCode: null, signal: null, reason: reason?.text ?? null};
	let completed: RunRecord = {...run, ended};
	removeKilledWrites(run.folder);
	const {files, more} = await readRunFiles(
		run.project,
		{folder: run.folder, artifacts: run.artifacts, since: Date.parse(run.startedAt ?? run.createdAt)},
		signal,
	);
	const outcome: Outcome = {files, moreFiles: more, logMissingBytes: missing ?? 0, publish: null, check};
	writeManifest(completed, outcome);
	if (run.publish !== null && ended.exitCode === 0) {
		const code = await publishWithLog(host, run, options);
		outcome.publish = {command: run.publish, exitCode: code};
		writeManifest(completed, outcome);
	}

	const {publishSpec: _done, follower: _gone, ...kept} = completed;
	completed = kept;
	writeRunRecord(host.paths, completed);
	if (box) {
		await removeWithFiles(host, box, {ended: true});
	}

	return {run: completed, outcome, reason, notifyProblem: await notifyOnce(host.paths, completed, options.notify)};
}

/** What it prints is added to the log. */
async function publishWithLog(
	{engine, paths}: Place,
	run: RunRecord,
	{onOutput, signal}: CompleteOptions,
): Promise<number | null> {
	const log = new LogFile(run.folder);
	try {
		return await publishRun(engine, paths, run, {
			signal,
			async onOutput(chunk) {
				log.append(chunk);
				await onOutput?.(chunk);
			},
		});
	} finally {
		log.close();
	}
}

/**
Completes what runs of the caller left that no process follows: gpubox was killed, or the user detached and logged out. Called by every verb
that lists boxes; without such runs it only reads the names of a folder.

@param boxes as the verb listed them
@returns the runs that were completed here
@throws EngineError; errors of the file system
*/
export async function completeRuns(
	host: Place,
	boxes: readonly Box[],
	options: Pick<CompleteOptions, 'signal'> & {notify: () => Promise<string | undefined>},
): Promise<Completed[]> {
	const completed: Completed[] = [];
	for (const name of activeRuns(host.paths)) {
		const run = readRunRecord(host.paths, name);
		if (run === undefined) {
			// Of a run that was killed before it had a record, or is only just being created.
			continue;
		}

		// Jobs of other places are looked after by app/runs/places.ts.
		if (run.on !== undefined || engineKey(run.engine) !== engineKey(host.engine.address) || isFollowed(run)) {
			continue;
		}

		if (run.ended !== null) {
			// Whoever completed it was killed before it was off the list of those that have not ended, or is about to take it off.
			writeRunRecord(host.paths, run);
			continue;
		}

		const box = boxes.find((each) => each.mine && each.job !== undefined && each.name === name);
		if (box === undefined && run.startedAt === null) {
			forgetUnlessNew(host, run);
			continue;
		}

		if (box !== undefined && box.state !== 'exited' && box.state !== 'dead') {
			await stopOverdue(host, run, box);
			continue;
		}

		const release = takeRun(host.paths, name);
		try {
			const done = release && (await completeLeft(host, name, box, options));
			if (done) {
				completed.push(done);
			}
		} finally {
			release?.();
		}
	}

	await removeFinished(host, boxes);
	return completed;
}

/** Its record and its container are read again: another process may have completed it since the boxes were listed, or started it. */
async function completeLeft(
	host: Place,
	name: string,
	listed: Box | undefined,
	{signal, notify}: Pick<CompleteOptions, 'signal'> & {notify: () => Promise<string | undefined>},
): Promise<Completed | undefined> {
	const run = readRunRecord(host.paths, name);
	if (run === undefined || run.ended !== null || isFollowed(run)) {
		return undefined;
	}

	const id = listed?.id ?? run.container;
	const detail = id === undefined ? undefined : await host.engine.inspectContainer(id, signal);
	if (detail !== undefined && detail.state !== 'exited' && detail.state !== 'dead') {
		return undefined;
	}

	return completeRun(host, started(run, listed), listed, detail, {signal, notify: await notify()});
}

/** One that was killed between the start of its container and its next record. */
function started(run: RunRecord, box: Box | undefined): RunRecord {
	return run.startedAt === null && box ? {...run, container: box.id, startedAt: box.createdAt.toISOString()} : run;
}

/** A run that never got a container: nothing ran, so nothing is kept. */
function forgetUnlessNew({paths}: Place, run: RunRecord): void {
	// Whoever started it is gone. A container that has its name recorded may only be missing in a list from before it.
	const isOver = run.follower !== undefined && run.container === undefined;
	if (isOver || Date.now() - Date.parse(run.createdAt) > 2 * abandonedAfter) {
		forgetRun(paths, run);
	}
}

/** No other process is there to see to --timeout. The caller does not wait: its next call, or another, goes on. */
async function stopOverdue({engine, paths}: Place, run: RunRecord, box: Box): Promise<void> {
	const now = Date.now();
	if (box.state !== 'running' || run.deadline === null || Date.parse(run.deadline) > now) {
		return;
	}

	if (run.stopped === null) {
		writeRunRecord(paths, {...run, stopped: 'timeout', deadline: new Date(now).toISOString()});
		await engine.killContainer(box.id, 'SIGTERM');
	} else if (now - Date.parse(run.deadline) > run.stopSeconds * 1000) {
		await engine.killContainer(box.id, 'SIGKILL');
	}
}

/** Containers of runs whose end is recorded: the run that recorded it was killed before it could remove them. */
async function removeFinished(host: Place, boxes: readonly Box[]): Promise<void> {
	for (const box of boxes) {
		if (box.mine && box.job !== undefined && (box.state === 'exited' || box.state === 'dead')) {
			const run = readRunRecord(host.paths, box.name);
			if (run?.ended) {
				await removeWithFiles(host, box);
			}
		}
	}
}

/** Enough for a traceback of each of eight processes. */
const endBytes = 64 * 1024;

/** The last lines of a run's log. */
export function endOfLog(folder: string): string {
	try {
		const fd = openSync(logPath(folder), open.O_RDONLY | open.O_NOFOLLOW | open.O_NONBLOCK);
		try {
			const info = fstatSync(fd);
			const buffer = Buffer.alloc(Math.min(info.isFile() ? info.size : 0, endBytes));
			readSync(fd, buffer, 0, buffer.length, Math.max(0, info.size - buffer.length));
			return buffer.toString('utf8');
		} finally {
			closeSync(fd);
		}
	} catch {
		// There is none.
		return '';
	}
}
