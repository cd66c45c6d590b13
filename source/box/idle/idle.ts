import {type Box, isRunning} from '../box.ts';

/** What was observed of a running box. */
export type Activity = {
	startedAt: Date;
	/** What its Jupyter reports; `unknown` when it does not answer the caller, `not-up` when nothing listens, so that no kernel runs. Missing when the box offers none. */
	jupyter?: {lastActivity: Date; busyKernels: number; openKernels?: number} | 'unknown' | 'not-up';
	/** SSH logins and attached commands; null when they cannot be seen from here. */
	sessions: number | null;
	/** The time of the last login or logout in its log; `unknown` where the log is not the caller's to read. */
	lastLogin?: Date | 'unknown';
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

	if (sessions === null || computing === null || typeof jupyter === 'string' || lastLogin === 'unknown') {
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

/** What is ended with a box: what is known to be in use, and what cannot be seen. Both empty when nothing is. */
export type Use = {reasons: string[]; unknown: string[]};

/** What uses a box, in words. What cannot be observed is named, and never taken for unused. Pure. */
export function describeUse({jupyter, sessions, computing}: Omit<Activity, 'startedAt' | 'lastLogin'>): Use {
	const {busyKernels = 0, openKernels = 0} = typeof jupyter === 'object' ? jupyter : {};
	const many = (count: number, one: string, more: string) => (count === 1 ? `1 ${one}` : `${count} ${more}`);
	return {
		reasons: [
			...(busyKernels > 0 ? [`${many(busyKernels, 'kernel is', 'kernels are')} computing`] : []),
			...(openKernels > 0 ? [`${many(openKernels, 'notebook is', 'notebooks are')} open in a browser or editor`] : []),
			...(sessions !== null && sessions > 0
				? [`${many(sessions, 'shell, editor or SSH login is', 'shells, editors or SSH logins are')} attached`]
				: []),
			...(computing ? ['its GPU is busy'] : []),
		],
		unknown: [
			...(jupyter === 'unknown' ? ['its kernels'] : []),
			...(sessions === null ? ['its shells and logins'] : []),
			...(computing === null ? ['its GPUs'] : []),
		],
	};
}

/** `in use: 1 kernel is computing`; empty when nothing uses it. */
export function textOfUse({reasons, unknown}: Use): string {
	return [
		...(reasons.length > 0 ? [`in use: ${reasons.join(', ')}`] : []),
		...(unknown.length > 0 ? [`not known: ${unknown.join(', ')}`] : []),
	].join('; ');
}

/** What ends with a box; empty when nothing does. A job is its command: that it waits for data says nothing. Safe to print. */
export function textOfEnd(box: Pick<Box, 'job' | 'state'>, use: Use | undefined): string {
	return box.job !== undefined && isRunning(box) ? 'its command is running' : use === undefined ? '' : textOfUse(use);
}
