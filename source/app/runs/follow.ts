/** What happens to a run once it has started: followed here, in the background, or completed later by another call. */
import {spawn} from 'node:child_process';
import {ownCommand} from '../../base/process/own-command.ts';
import {thisProcess} from '../../base/process/process-start.ts';
import {type Box, isOwn} from '../../box/box.ts';
import {listClaims} from '../../box/list.ts';
import type {Host} from '../../host/host.ts';
import {type FollowOptions, followRun} from '../../job/run/follow.ts';
import {type Completed, completeRun, completeRuns} from '../../job/runs/complete.ts';
import {isFollowed, readRunRecord, takeRun, writeRunRecord} from '../../job/runs/record.ts';
import {loadPersonalSettings} from '../load-settings.ts';
import type {LiveRun} from './run.ts';

/**
Follows a run to its end and completes what is kept of it.

@param options.signal detaches: the run goes on and its record says how far its output was read
@returns undefined when it was detached
@throws EngineError; errors of the file system
*/
export async function followToEnd(
	host: Host,
	run: LiveRun,
	box: Pick<Box, 'id' | 'folder'> | undefined,
	options: FollowOptions,
): Promise<Completed | undefined> {
	const {detail, missingBytes, ...followed} = await followRun(host, run, {
		...options,
		onUse: (use) => writeRunRecord(host.paths, {...run, use}),
	});
	const current = {...run, ...followed};
	if (detail === undefined && options.signal.aborted) {
		const {follower: _over, ...rest} = current;
		writeRunRecord(host.paths, rest);
		return undefined;
	}

	return completeRun(host, current, box, detail, {
		// What follows the end is not cut short by detaching.
		signal: new AbortController().signal,
		notify: await notifyCommand(),
		missingBytes,
		...(options.onOutput ? {onOutput: options.onOutput} : {}),
	});
}

/** Starts a gpubox in the background that follows the run, in a session of its own: it outlives the terminal. */
export function followInBackground(name: string, host: string | undefined): void {
	const [file = 'gpubox', ...rest] = ownCommand();
	const child = spawn(file, [...rest, ...(host === undefined ? [] : ['--host', host]), '__follow', name], {
		cwd: '/',
		detached: true,
		stdio: 'ignore',
	});
	// Without it the run is completed by whoever looks next.
	child.on('error', () => {});
	child.unref();
}

/** What the gpubox in the background does. @throws EngineError; errors of the file system */
export async function followAlone(host: Host, name: string, signal: AbortSignal): Promise<void> {
	if (readRunRecord(host.paths, name) === undefined) {
		return;
	}

	const release = takeRun(host.paths, name);
	try {
		const run = release && readRunRecord(host.paths, name);
		if (run?.container === undefined || run.ended !== null || isFollowed(run)) {
			return;
		}

		const live: LiveRun = {...run, container: run.container, follower: thisProcess()};
		writeRunRecord(host.paths, live);
		const box = (await listClaims(host, signal)).filter(isOwn).find(({id}) => id === live.container);
		await followToEnd(host, live, box, {signal});
	} finally {
		release?.();
	}
}

/** Completes runs that no process follows. @throws EngineError; errors of the file system */
export function lookAfterRuns(host: Host, boxes: readonly Box[], signal: AbortSignal): Promise<Completed[]> {
	// The demo host has no files.
	return host.demo ? Promise.resolve([]) : completeRuns(host, boxes, {signal, notify: notifyCommand});
}

async function notifyCommand(): Promise<string | undefined> {
	return (await loadPersonalSettings()).notify;
}
