import type {Box} from '../box.ts';

/** What was observed of a running box. */
export type Activity = {
	startedAt: Date;
	/** What its Jupyter reports; `unknown` when it does not answer the caller. Missing when the box offers none. */
	jupyter?: {lastActivity: Date; busyKernels: number} | 'unknown';
	/** SSH logins and attached commands; null when they cannot be seen from here. */
	sessions: number | null;
	/** The time of the last login or logout in its log. */
	lastLogin?: Date;
	/** It computes on a GPU at this moment; null when the driver does not report it. */
	computing: boolean | null;
};

export type Idleness =
	| {kind: 'busy'}
	/** Since when it has been idle. */
	| {kind: 'idle'; since: Date}
	/** Not enough can be observed to call it idle. */
	| {kind: 'unknown'};

/** Whether a box is used, and since when it is not. Whatever cannot be observed counts as use. Pure. */
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

/** Milliseconds for which a box has been idle; 0 when it is used or that is unknown. */
export function idleFor(idleness: Idleness | undefined, now: Date): number {
	return idleness?.kind === 'idle' ? Math.max(0, now.getTime() - idleness.since.getTime()) : 0;
}

/** Whether a box's reservation, where it has one, has expired. */
export function isOverdue({until}: Pick<Box, 'until'>, now: Date): boolean {
	return until !== undefined && until <= now;
}
