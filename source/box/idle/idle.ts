import type {Box} from '../box.ts';

/** What was seen of a running box. */
export type Activity = {
	startedAt: Date;
	/** What its Jupyter says; `unknown` when it does not tell the caller. Missing when the box offers none. */
	jupyter?: {lastActivity: Date; busyKernels: number} | 'unknown';
	/** SSH logins and attached commands; null when they cannot be seen from here. */
	sessions: number | null;
	/** The last that its log tells of a login. */
	lastLogin?: Date;
	/** It computes on a GPU at this moment; null when the driver does not tell. */
	computing: boolean | null;
};

export type Idleness =
	| {kind: 'busy'}
	/** Since when nothing was done in it. */
	| {kind: 'idle'; since: Date}
	/** Not enough can be seen to say that nothing is done. */
	| {kind: 'unknown'};

/** Whether a box is used, and since when it is not. What cannot be seen counts for it, never against it. Pure. */
export function judgeIdleness({startedAt, jupyter, sessions, lastLogin, computing}: Activity): Idleness {
	if (computing || (sessions ?? 0) > 0 || (typeof jupyter === 'object' && jupyter.busyKernels > 0)) {
		return {kind: 'busy'};
	}

	if (sessions === null || computing === null || jupyter === 'unknown') {
		return {kind: 'unknown'};
	}

	const moments = [startedAt, ...(jupyter ? [jupyter.lastActivity] : []), ...(lastLogin ? [lastLogin] : [])];
	return {kind: 'idle', since: new Date(Math.max(...moments.map((moment) => moment.getTime())))};
}

/** Milliseconds for which nothing was done in a box; 0 when it is used or nobody knows. */
export function idleFor(idleness: Idleness | undefined, now: Date): number {
	return idleness?.kind === 'idle' ? Math.max(0, now.getTime() - idleness.since.getTime()) : 0;
}

/** Whether a box's time, where one was set, is over. */
export function isOverdue({until}: Pick<Box, 'until'>, now: Date): boolean {
	return until !== undefined && until <= now;
}
