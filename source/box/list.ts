import {exitCode, Failure} from '../base/failure.ts';
import type {Host} from '../host/host.ts';
import {safeText} from '../text/safe.ts';
import {mostSimilar} from '../text/similar.ts';
import {type Box, containerPrefix, label} from './box.ts';
import {toBox} from './labels.ts';
import {noRecords, readRecords} from './record.ts';

/** Who lists boxes; the records of this user say which boxes are theirs. */
export type Viewer = Pick<Host, 'engine' | 'paths' | 'person'>;

/** Every box on the engine, everyone's, in the order of their names. */
export async function listBoxes(viewer: Viewer, signal?: AbortSignal): Promise<Box[]> {
	return onlyBoxes(await listClaims(viewer, signal));
}

/** Without containers that only hold cards, or a place, for a box. */
export function onlyBoxes(claims: readonly Box[]): Box[] {
	return claims.filter(({startOf, replaced}) => startOf === undefined && !replaced);
}

/** Every box, the containers that hold cards for starting boxes (claim-start.ts), and boxes that were set aside (replace.ts). */
export async function listClaims({engine, paths, person}: Viewer, signal?: AbortSignal): Promise<Box[]> {
	const containers = await engine.listContainers({labels: [label.name], ...(signal ? {signal} : {})});
	// Read after the list: the id of a container is recorded before anything else happens to it.
	const records = engine.local ? readRecords(paths) : noRecords;
	return containers
		.flatMap(
			(container) =>
				toBox(container, {
					mine: records.of(container),
					pending: records.pendingOf(container),
					...(engine.local ? {} : {caller: person.name}),
				}) ?? [],
		)
		.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/**
Finds a box by name, by container name, by id or by the start of an id.

@throws Failure (no such box), with the name that was probably meant.
*/
export async function findBox(viewer: Viewer, given: string, signal?: AbortSignal): Promise<Box> {
	const boxes = await listBoxes(viewer, signal);
	const box =
		boxes.find(({name}) => name === given || `${containerPrefix}${name}` === given) ??
		boxes.find(({id}) => given.length >= 6 && id.startsWith(given));
	if (box) {
		return box;
	}

	const similar = mostSimilar(
		given,
		boxes.map(({name}) => name),
	);
	throw new Failure(`No box named "${safeText(given)}".`, {
		fix: similar ? `Did you mean "${similar}"? List boxes: gpubox ls` : 'List boxes: gpubox ls. Create one: gpubox up',
		exitCode: exitCode.noSuchBox,
	});
}

/**
The owner of a box, for display. A box that names the caller without a record of theirs is only a claim, and shown as one.

@param caller the caller's name
*/
export function ownerText({owner, mine}: Pick<Box, 'owner' | 'mine'>, caller: string): string {
	return !mine && owner === caller ? `${owner} (claimed)` : owner;
}
