/**
What happened on the host while the session watched: each thing once, when it has been so for a while. Pure. What was so already when the session
began is not news.
*/
import {nothingYet, type Steady, steady} from './steady.ts';

type HappeningKind =
	| 'box-stopped'
	| 'run-ended'
	| 'out-of-memory'
	| 'gpu-lost'
	| 'gpu-throttled'
	| 'gpu-free'
	| 'disk-full'
	| 'box-started'
	| 'owner-asked';

export type Happening = {
	/** Counts up. */
	id: number;
	/** Milliseconds since 1970. */
	at: number;
	kind: HappeningKind;
	severity: 'good' | 'note' | 'bad';
	/** Safe to print. */
	text: string;
	fix: string;
	/** What it happened to, where that is one of these: the name of a box, the UUID of a GPU. */
	about?: {box: string} | {gpu: string};
};

/** A condition of one thing, as it is now. */
export type Condition = {
	kind: 'gpu-lost' | 'gpu-throttled' | 'gpu-free' | 'disk-full';
	/** What it is about: a UUID; empty for the host. */
	subject: string;
	/** Undefined where it is not known: then it stays as it was. */
	holds: boolean | undefined;
	severity: Happening['severity'];
	text: string;
	fix: string;
};

export type EventsState = {
	/** The newest last; the oldest are dropped. */
	happened: readonly Happening[];
	lastId: number;
	/** Of each condition whether it counts as holding. */
	conditions: ReadonlyMap<string, Steady<true>>;
};

export const noEvents: EventsState = {happened: [], lastId: 0, conditions: new Map()};

/** More are not kept. */
export const mostHappenings = 200;

/** Longer to go than to come: what comes back soon is the same thing. */
export const patienceOf: Record<Condition['kind'], {raiseMs: number; clearMs: number}> = {
	'gpu-lost': {raiseMs: 5000, clearMs: 30_000},
	'gpu-throttled': {raiseMs: 30_000, clearMs: 120_000},
	'gpu-free': {raiseMs: 15_000, clearMs: 30_000},
	'disk-full': {raiseMs: 10_000, clearMs: 300_000},
};

const isSame = () => true;

/**
Takes over how things are now.

@param times.clockMs by a clock that only goes forward; `wallMs` is the time for people
*/
export function withConditions(
	state: EventsState,
	conditions: readonly Condition[],
	{clockMs, wallMs}: {clockMs: number; wallMs: number},
): EventsState {
	let {lastId} = state;
	const next = new Map<string, Steady<true>>();
	const news: Happening[] = [];
	let changed = state.conditions.size !== conditions.length;
	for (const {kind, subject, holds, severity, text, fix} of conditions) {
		const key = `${kind} ${subject}`;
		const before = state.conditions.get(key);
		if (before === undefined) {
			next.set(key, holds === true ? {shown: true, next: undefined} : nothingYet);
			changed = true;
			continue;
		}

		const after =
			holds === undefined ? before : steady(before, holds ? true : undefined, clockMs, {...patienceOf[kind], isSame});
		next.set(key, after);
		changed ||= after !== before;
		if (after.shown === true && before.shown === undefined) {
			lastId += 1;
			news.push({
				id: lastId,
				at: wallMs,
				kind,
				severity,
				text,
				fix,
				...(subject === '' ? {} : {about: {gpu: subject}}),
			});
		}
	}

	return changed ? {happened: append(state.happened, news), lastId, conditions: next} : state;
}

/** Adds what happened at one moment. */
export function withHappening(state: EventsState, happening: Omit<Happening, 'id'>): EventsState {
	const id = state.lastId + 1;
	return {...state, lastId: id, happened: append(state.happened, [{id, ...happening}])};
}

function append(happened: readonly Happening[], news: readonly Happening[]): readonly Happening[] {
	return news.length === 0 ? happened : [...happened, ...news].slice(-mostHappenings);
}
