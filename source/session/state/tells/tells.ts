import type {QueueEntry} from '../../../box/gpus/queue-entry.ts';
import type {Idleness} from '../../../box/idle/idle.ts';
import {type EventsState, noEvents} from './events.ts';
import type {Verdict} from './verdict.ts';

export type BoxIdleness = {
	idleness: Idleness;
	/** After so long it is marked, where it holds a GPU; undefined is never. Milliseconds. */
	warnAfterMs: number | undefined;
};

/** What the session noticed about boxes, by their ids. */
export type TellsState = {
	verdicts: ReadonlyMap<string, Verdict>;
	idle: ReadonlyMap<string, BoxIdleness>;
	/** Who is queued for GPUs, the first one first. Empty for an engine elsewhere; undefined where the queue cannot be read here. */
	queue: readonly QueueEntry[] | undefined;
	/** What happened on the host. */
	events: EventsState;
};

export const noTells: TellsState = {verdicts: new Map(), idle: new Map(), queue: [], events: noEvents};
