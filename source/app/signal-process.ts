/** Signals to processes on a GPU of this machine: whom one is for, and sending it. */
import {processStart} from '../base/process/process-start.ts';
import type {NamedProcess} from '../box/gpus/process-names.ts';
import {ownerOf} from '../gpu/process-owner.ts';
import type {Host} from '../host/host.ts';

/** A process with the time of its start, which tells it from a later one with the same number. */
export type SignalledProcess = {pid: number; start: string};

export type ProcessFound =
	/** The user may end it. `user` is its owner: root may end those of all. */
	| {kind: 'own'; start: string; user: string}
	| {kind: 'foreign'; user: string | null}
	| {kind: 'gone'}
	/** Its number means nothing on this machine: the GPU is elsewhere. */
	| {kind: 'elsewhere'};

type Listed = Pick<NamedProcess, 'pid' | 'name'>;

/** Whose a process is that the driver lists, and whether the user may send it a signal. Never throws. */
export async function findProcess(
	host: Pick<Host, 'engine' | 'person' | 'demo'>,
	listed: Listed,
): Promise<ProcessFound> {
	if (host.demo || !host.engine.local) {
		return {kind: 'elsewhere'};
	}

	const start = processStart(listed.pid);
	const owner = await ownerOf({...listed, listedAt: Date.now()}).catch(() => undefined);
	if (start === undefined || owner === undefined) {
		return {kind: start === undefined ? 'gone' : 'elsewhere'};
	}

	const {uid} = host.person;
	return owner.uid === uid || uid === 0
		? {kind: 'own', start, user: owner.user ?? `uid ${owner.uid}`}
		: {kind: 'foreign', user: owner.user};
}

export type SignalOutcome = 'sent' | 'gone' | 'not-permitted';

/** Sends a signal, unless the process has ended: another one with its number gets none. Other errors are thrown. */
export async function signalProcess(
	{pid, start}: SignalledProcess,
	name: 'SIGTERM' | 'SIGKILL',
): Promise<SignalOutcome> {
	if (processStart(pid) !== start) {
		return 'gone';
	}

	try {
		process.kill(pid, name);
		return 'sent';
	} catch (error) {
		const code = error instanceof Error && 'code' in error ? error.code : undefined;
		if (code === 'ESRCH') {
			return 'gone';
		}

		if (code === 'EPERM') {
			return 'not-permitted';
		}

		throw error;
	}
}
