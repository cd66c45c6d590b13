import type {Box} from '../box.ts';

/**
Who gets a GPU when several ask at the same moment, with the engine as the only arbiter.

Every contender creates its container first, with the GPUs in its label, and only then looks for rivals. Creating makes the claim
visible; starting makes it final. Of two rivals, the one with the container that became visible later always sees the other, so at
least one of them has to decide, and both decide by the same total order (creation time, then id):

- A running rival has won: withdraw.
- A rival that is only created and comes first in the order has precedence: withdraw.
- A rival that is only created and comes later: remove it, without force. The engine does that atomically against a start:
  either it is gone, and its owner's start fails and tries again with other cards, or it already runs, the engine refuses,
  and it has won.

A stopped box that starts again claims its cards with separate containers (claim-start.ts), which never run. So they cannot be removed
atomically against a start, and another rule holds: a contender that sees one withdraws, and the start removes rivals that are only
created.

A restart makes these claims while its box still runs, so that no one gets the cards between stop and start. They count until they are
removed, or longer than a stop takes.

So two of them never start. No contender waits while holding anything, and the first in the order never withdraws because of one that
is only created, so one always succeeds: no deadlock. A claim that a crash left behind is a container that was created and never
started; after `abandonedAfter` anyone may remove it, by the same atomic removal. A contender that was just slow loses only the attempt.
*/

/** Milliseconds after which a container that was created but not started counts as left behind by a crash. */
export const abandonedAfter = 15_000;

/** The same for the claims of a restart: a box has 30 seconds to stop. */
export const restartAbandonedAfter = 30_000 + abandonedAfter;

export type ClaimDecision =
	/** No rivals: start. */
	| {kind: 'start'}
	/** Remove these without force, then look again. */
	| {kind: 'remove'; rivals: Box[]}
	/** These hold what is requested. */
	| {kind: 'withdraw'; rivals: Box[]};

/**
@param mine the container I have created and not started yet, as the list shows it; or a stopped box with `startOf` its own id, whose
cards I have claimed
@param boxes all boxes and claims, listed after mine was created
*/
export function decideClaim(mine: Box, boxes: Box[], now: Date): ClaimDecision {
	const rivals = boxes.filter(
		(other) => holdsGpus(other) && overlap(mine, other) && !isSame(mine, other) && !isCovered(other, boxes),
	);
	const winners = rivals.filter(
		(rival) => rival.state !== 'created' || (goesFirst(rival, mine) && !isAbandoned(rival, now)),
	);
	if (winners.length > 0) {
		return {kind: 'withdraw', rivals: winners};
	}

	return rivals.length > 0 ? {kind: 'remove', rivals} : {kind: 'start'};
}

/** The container itself, or one that holds cards for it. */
function isSame(mine: Box, other: Box): boolean {
	return other.id === mine.id || (mine.startOf !== undefined && other.startOf === mine.startOf);
}

/** A claim for a box that runs: the box counts in its place. */
export function isCovered({startOf}: Box, boxes: readonly Box[]): boolean {
	return startOf !== undefined && boxes.some(({id, state}) => id === startOf && state === 'running');
}

/** Whether a claim for a start has ended: its box runs, or the process that created it was killed. */
export function isOver(claim: Box, boxes: readonly Box[], now: Date): boolean {
	return isAbandoned(claim, now) || (claim.restart !== true && isCovered(claim, boxes));
}

/** The order of two that are only created. */
function goesFirst(rival: Box, mine: Box): boolean {
	if (rival.startOf !== undefined) {
		return true;
	}

	return mine.startOf === undefined && comesBefore(rival, mine);
}

/** Whether a box holds its GPUs: a stopped box does not. */
export function holdsGpus(box: Box): boolean {
	return box.gpus.length > 0 && box.state !== 'exited' && box.state !== 'dead' && box.state !== 'removing';
}

export function isAbandoned(box: Pick<Box, 'state' | 'createdAt' | 'restart'>, now: Date): boolean {
	const after = box.restart ? restartAbandonedAfter : abandonedAfter;
	return box.state === 'created' && now.getTime() - box.createdAt.getTime() > after;
}

/** Whether two boxes want the same card and not both agreed to share. */
function overlap(a: Box, b: Box): boolean {
	return !(a.shareGpus && b.shareGpus) && a.gpus.some((uuid) => b.gpus.includes(uuid));
}

function comesBefore(a: Box, b: Box): boolean {
	const difference = a.createdAt.getTime() - b.createdAt.getTime();
	return difference === 0 ? a.id < b.id : difference < 0;
}
