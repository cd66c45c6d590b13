import {exitCode, Failure} from '../base/failure.ts';
import type {Host, Person} from '../host/host.ts';
import {mostSimilar} from '../text/match/similar.ts';
import {safeText} from '../text/safe.ts';
import {type Box, containerPrefix, label} from './box.ts';
import {toBox} from './labels.ts';
import {beingRecreated, isBeingReplaced} from './left-aside.ts';
import {defaultName} from './name.ts';
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
	const boxes = containers
		.flatMap(
			(container) =>
				toBox(container, {
					mine: records.of(container),
					pending: records.pendingOf(container),
					...(engine.local ? {} : {caller: person.name}),
				}) ?? [],
		)
		.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
	return withExtensions(tellOwnersApart(boxes, person, engine.local));
}

/** A reservation ends with the last of its extensions. Such a container only ever makes it longer. */
export function withExtensions(boxes: readonly Box[]): Box[] {
	const ends = new Map<string, Date>();
	for (const {extension, startOf, until} of boxes) {
		const known = startOf === undefined ? undefined : ends.get(startOf);
		if (extension && startOf !== undefined && until !== undefined && (known === undefined || known < until)) {
			ends.set(startOf, until);
		}
	}

	return boxes.map((box) => {
		const end = ends.get(box.id);
		return box.until !== undefined && end !== undefined && end > box.until ? {...box, until: end} : box;
	});
}

/**
Users are told apart by their uid, never by a name alone: marks boxes whose owner's name is also that of another user, and containers
that claim to be the caller's without a record.

@param local on another machine the caller may have another uid; there a name counts while only one user has it
*/
export function tellOwnersApart(boxes: readonly Box[], caller: Pick<Person, 'name' | 'uid'>, local = true): Box[] {
	const uids = new Map<string, Set<number>>();
	const add = (name: string, uid: number | undefined) => {
		if (uid !== undefined) {
			uids.set(name, (uids.get(name) ?? new Set()).add(uid));
		}
	};
	for (const {owner, uid} of boxes) {
		add(owner, uid);
	}

	if (local) {
		add(caller.name, caller.uid);
	}

	return boxes.map((box) => {
		const severalHaveIt = (uids.get(box.owner)?.size ?? 0) > 1;
		const mine = box.mine && (local || !severalHaveIt || box.uid === caller.uid);
		const claimed = local && !mine && !box.pending && isCallers(box, caller);
		return {
			...box,
			mine,
			...(claimed ? {ownerIs: 'claimed' as const} : severalHaveIt ? {ownerIs: 'namesake' as const} : {}),
		};
	});
}

/** Whether a container says that it belongs to the caller: by uid, or by name where it names no uid. */
function isCallers({owner, uid}: Pick<Box, 'owner' | 'uid'>, caller: Pick<Person, 'name' | 'uid'>): boolean {
	return uid === undefined ? owner === caller.name : uid === caller.uid;
}

/**
Finds a box by name, by container name, by id or by the start of an id; `vision` also means the caller's own `alice-vision`.

@param dockerCommand what does the same to a container that is not a box, without its name: `docker stop`
@throws Failure: no such box, with the name that was probably meant, or docker's own command for a container that is not a box; or the box is
being replaced at this moment
*/
export async function findBox(
	viewer: Viewer,
	given: string,
	signal?: AbortSignal,
	dockerCommand?: string,
): Promise<Box> {
	const claims = await listClaims(viewer, signal);
	const boxes = onlyBoxes(claims);
	const isNamed = ({name}: Box) => name === given || `${containerPrefix}${name}` === given;
	const box =
		boxes.find(isNamed) ??
		boxes.find(({id}) => given.length >= 6 && id.startsWith(given)) ??
		ownByProject(boxes, viewer.person, given);
	if (box) {
		return box;
	}

	const aside = claims.filter((each) => each.mine && each.replaced && isBeingReplaced(viewer, each));
	const replaced = aside.find(isNamed) ?? ownByProject(aside, viewer.person, given);
	if (replaced) {
		throw beingRecreated(replaced);
	}

	const shown = safeText(given);
	// A name or id as docker has it; the engine would take anything else for a path.
	const container = /^[\w][\w.-]*$/.test(given) ? await viewer.engine.inspectContainer(given, signal) : undefined;
	if (container) {
		throw new Failure(`"${shown}" is a container, but not a box.`, {
			fix: dockerCommand ? `With docker: ${dockerCommand} ${shown}` : 'List boxes: gpubox ls',
			exitCode: exitCode.noSuchBox,
		});
	}

	const theirs = boxes.filter(({name}) => name.endsWith(`-${given}`)).map(({name}) => name);
	const similar =
		theirs[0] ??
		mostSimilar(
			given,
			boxes.map(({name}) => name),
		);
	throw new Failure(`No box named "${shown}".`, {
		fix: similar ? `Did you mean "${similar}"? List boxes: gpubox ls` : 'List boxes: gpubox ls. Create one: gpubox up',
		exitCode: exitCode.noSuchBox,
	});
}

/** The caller's own box for a project of that name; where several end so, none. */
function ownByProject(boxes: readonly Box[], person: Pick<Person, 'name'>, given: string): Box | undefined {
	const own = boxes.filter(({mine}) => mine);
	const ending = own.filter(({name}) => name.endsWith(`-${given}`));
	return (
		own.find(({name}) => name === defaultName(person.name, given)) ?? (ending.length === 1 ? ending[0] : undefined)
	);
}

/**
The owner of a box, for display: with the uid where another user has the same name, and marked as claimed where it names the caller
without a record of theirs.
*/
export function ownerText({owner, uid, ownerIs}: Pick<Box, 'owner' | 'uid' | 'ownerIs'>): string {
	switch (ownerIs) {
		case 'claimed':
			return `${owner} (claimed)`;
		case 'namesake':
			return `${owner} (uid ${uid ?? 'unknown'})`;
		default:
			return owner;
	}
}
