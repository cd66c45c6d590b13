import {idleLimits} from '../app/idle-limits.ts';
import type {Box} from '../box/box.ts';
import type {Idleness} from '../box/idle/idle.ts';
import {
	decideReap,
	findReapReason,
	noticeText,
	type ReapReason,
	readLinesSince,
	whyNotDue,
	writeToLog,
} from '../box/idle/reap.ts';
import {listBoxes} from '../box/list.ts';
import {stopBox} from '../box/up/lifecycle.ts';
import type {Host} from '../host/host.ts';
import {tellOwnerOf} from './output/ask-end.ts';

/** What was found and done, per box. */
export type Outcome = {
	box: Pick<Box, 'name' | 'id'>;
	action: 'none' | 'notified' | 'waiting' | 'stopped' | 'removed' | 'failed';
	/** Why, or why not. */
	reason: string;
	/** When it will be stopped. */
	until?: Date;
};

type Verdict =
	| {action: 'none'; reason: string}
	| {action: 'waiting'; reason: string; until: Date}
	| {action: 'notify' | 'stop'; reason: string; due: ReapReason};

/**
Notifies or stops a box that is due. The boxes and their use were read together with those of all others, some time ago: right before one is
stopped, it is looked at again. Its reservation may have been extended meanwhile, or someone works in it.

@param options.look whether boxes are used now
*/
export async function reapBox(
	host: Host,
	box: Box,
	idleness: Idleness | undefined,
	{
		graceMs,
		dryRun,
		look,
	}: {graceMs: number; dryRun: boolean; look: (boxes: Box[]) => Promise<ReadonlyMap<string, Idleness>>},
	signal: AbortSignal,
): Promise<Outcome> {
	const first = await judge(host, box, idleness, signal);
	const verdict = first.action === 'stop' && !dryRun ? await judgeAgain(host, box, look, signal) : first;
	const {reason} = verdict;
	switch (verdict.action) {
		case 'stop': {
			if (!dryRun) {
				await tellOwnerOf(host, box, 'stopped');
				await stopBox(host, box, signal);
			}

			return {box, action: 'stopped', reason};
		}

		case 'notify': {
			const until = new Date(Date.now() + graceMs);
			if (!dryRun) {
				await writeToLog(host, box, noticeText(box, verdict.due, until));
			}

			return {box, action: 'notified', reason, until};
		}

		default:
			return {box, ...verdict};
	}
}

async function judgeAgain(
	host: Host,
	{id}: Box,
	look: (boxes: Box[]) => Promise<ReadonlyMap<string, Idleness>>,
	signal: AbortSignal,
): Promise<Verdict> {
	const box = (await listBoxes(host, signal)).find((each) => each.id === id);
	return box === undefined
		? {action: 'none', reason: 'it was removed'}
		: judge(host, box, (await look([box])).get(id), signal);
}

async function judge(host: Host, box: Box, idleness: Idleness | undefined, signal: AbortSignal): Promise<Verdict> {
	const now = new Date();
	const {stopAfterMs} = await idleLimits(box);
	const due = findReapReason(box, idleness, stopAfterMs, now);
	if (!due) {
		return {action: 'none', reason: whyNotDue(box, idleness, stopAfterMs, now)};
	}

	const {reason} = due;
	const decision = decideReap(await readLinesSince(host, box, due.since, signal), now);
	return decision.kind === 'wait'
		? {action: 'waiting', reason, until: decision.until}
		: {action: decision.kind === 'stop' ? 'stop' : 'notify', reason, due};
}
