/** The spec of a new box, from what was gathered and the existing boxes. */

import {exitCode, Failure} from '../../base/failure.ts';
import type {ContainerSpec} from '../../engine/engine.ts';
import type {Host, Person} from '../../host/host.ts';
import {type Box, containerPrefix, isOwn, type OwnBox, type ServiceName, servicePorts} from '../box.ts';
import {chooseGpus, type GpuCandidate, GpusTaken, notesOnChoice} from '../gpus/allocate.ts';
import {toCandidates} from '../gpus/availability.ts';
import {ownerText} from '../list.ts';
import {ownNames} from '../name.ts';
import {planBox} from '../plan/plan.ts';
import type {BoxFacts, BoxRequest, Prepared} from '../plan/types.ts';
import {candidatePorts, findFreePort} from '../ports.ts';
import {limitsWereKept} from '../refused-limits.ts';

/** What earlier attempts found to be unavailable. `names` belong to containers that are not boxes. */
export type Lost = {ports: readonly number[]; names: readonly string[]; rlimits: boolean};

/** What a claim creates: the project's box, or another kind of container, such as a job. */
export type Target = {
	/** Pure. */
	plan: (facts: BoxFacts) => ContainerSpec;
	/** The caller's container that an earlier call created and this one continues with. */
	findOwn: (boxes: readonly Box[]) => OwnBox | undefined;
	/** One that another call of the caller is creating at this moment, or was killed before it could. */
	findPending: (boxes: Box[]) => Box | undefined;
	/** @throws Failure (taken) */
	chooseName: (boxes: Box[], lost: Pick<Lost, 'names'>) => string;
	/** What is done before a container is started; called again for the same container, it waits for the first call. Does not throw. */
	connect?: (container: string) => Promise<void>;
};

/** The project's box. */
export function boxTarget(person: Person, request: BoxRequest): Target {
	return {
		plan: planBox,
		findOwn: (boxes) => findOwn(boxes, person, request),
		findPending: (boxes) => findPending(boxes, person, request),
		chooseName: (boxes, lost) => chooseName(boxes, person, request, lost),
	};
}

/** What says which box of a project is meant. */
export type Wanted = Pick<BoxRequest, 'project' | 'projectName' | 'name'>;

/**
The caller's box for this project: the one named; without a name, the one that `up` itself named. A box that got another name with --name
is never taken for it.
*/
export function findOwn(
	boxes: readonly Box[],
	person: Pick<Person, 'name' | 'uid'>,
	request: Wanted,
): OwnBox | undefined {
	const own = boxes.filter(isOwn).filter((box) => isFor(box, person, request));
	return own.find(({state}) => state === 'running') ?? own[0];
}

/**
A container for this project that another `up` of the caller created a moment ago without having written its id to the record yet: it
is about to, or was killed before it could.
*/
function findPending(boxes: Box[], person: Pick<Person, 'name' | 'uid'>, request: Wanted): Box | undefined {
	return boxes.find((box) => box.pending && isFor(box, person, request));
}

/** Boxes for the same folder that are not the one wanted: of others, or the caller's with other names. */
export function othersOf(boxes: readonly Box[], wanted: Box | undefined, {project}: Wanted): Box[] {
	return boxes.filter(
		(box) =>
			box.startOf === undefined &&
			!box.replaced &&
			!box.pending &&
			box.job === undefined &&
			box.ownerIs !== 'claimed' &&
			box.id !== wanted?.id &&
			box.projectPath === project,
	);
}

function isFor(box: Box, person: Pick<Person, 'name' | 'uid'>, {project, projectName, name}: Wanted): boolean {
	// The title of a folder with other letters is their transliteration; earlier versions left them out of the name.
	const former = /^[\u0020-\u007E]*$/.test(project) ? [] : ownNames(person, project);
	const names = name === undefined ? [...ownNames(person, project, projectName), ...former] : [name];
	return (
		box.startOf === undefined &&
		!box.replaced &&
		box.job === undefined &&
		box.projectPath === project &&
		names.includes(box.name)
	);
}

/** @throws Failure (taken) when the requested name belongs to another project, or to a container that is not a box */
export function chooseName(
	boxes: Box[],
	person: Person,
	request: BoxRequest,
	lost: Pick<Lost, 'names'> = {names: []},
): string {
	const holderOf = (name: string) =>
		boxes.find(
			(box) =>
				box.startOf === undefined &&
				!box.replaced &&
				box.name === name &&
				!(box.mine && box.projectPath === request.project),
		);
	const isFree = (name: string) => !holderOf(name) && !lost.names.includes(name);
	const [first = '', withUid = '', ...withHash] = ownNames(person, request.project, request.projectName);
	const name = request.name ?? first;
	const holder = holderOf(name);
	if (isFree(name)) {
		return name;
	}

	if (request.name === undefined) {
		// The uid only where it tells two users apart.
		const another = holder?.uid !== undefined && holder.uid !== person.uid ? [withUid, ...withHash] : withHash;
		const free = another.find(isFree);
		if (free === undefined) {
			throw new Failure(`The names of your box for this folder are taken: ${[first, ...another].join(', ')}.`, {
				fix: 'Choose one: --name',
				exitCode: exitCode.taken,
			});
		}

		return free;
	}

	const fix = 'Choose another one: --name';
	if (!holder) {
		throw new Failure(`The name "${name}" is taken by a container that is not a box: ${containerPrefix}${name}.`, {
			fix,
			exitCode: exitCode.taken,
		});
	}

	throw new Failure(
		holder.mine
			? `The name "${name}" is taken by your box for ${holder.project}.`
			: holder.ownerIs === 'claimed' && holder.projectPath === request.project
				? `${containerPrefix}${name} claims to be your box for this folder, but this account did not create it.`
				: `The name "${name}" is taken by ${ownerText(holder)}'s box for ${holder.project}.`,
		{fix, exitCode: exitCode.taken},
	);
}

/** The cards for a box, of those that can use its image. @throws Failure (taken) naming the holders; no usable GPU */
export function pickGpus(
	{request, gpuSelection, hostGpus, usableGpus}: Pick<Prepared, 'request' | 'gpuSelection' | 'hostGpus' | 'usableGpus'>,
	candidates: GpuCandidate[],
): string[] | 'undecided' {
	const usable = usableGpus ? candidates.filter(({uuid, sliceOf}) => usableGpus.includes(sliceOf ?? uuid)) : candidates;
	return chooseGpus(gpuSelection, usable, request.shareGpus, {closeness: hostGpus?.closeness});
}

/** What the user should know of the cards that a new box got, or would get. */
export function notesOnGpus(
	{gpuSelection, gpusTyped, hostGpus}: Pick<Prepared, 'gpuSelection' | 'gpusTyped' | 'hostGpus'>,
	boxes: Box[],
	gpus: readonly string[],
): string[] {
	return hostGpus
		? notesOnChoice(gpuSelection, toCandidates(hostGpus, boxes, new Date()), gpus, gpusTyped === true)
		: [];
}

/**
Everything that depends on the other boxes. Undefined while boxes that are being created may still give up their claim.

@param former the box whose place this one takes: it passes its ports on
*/
export async function workOut(
	host: Host,
	prepared: Prepared,
	boxes: Box[],
	{name, folder, nonce, former}: {name: string; folder: string; nonce: string; former?: Box | undefined},
	lost: Pick<Lost, 'ports' | 'rlimits'>,
	plan: Target['plan'] = planBox,
): Promise<ContainerSpec | undefined> {
	const candidates = prepared.hostGpus ? toCandidates(prepared.hostGpus, boxes, new Date()) : [];
	const gpus = pickGpus(prepared, candidates);
	if (gpus === 'undecided') {
		return undefined;
	}

	return plan({
		...prepared,
		person: host.person,
		paths: host.paths,
		name,
		folder,
		nonce,
		gpus,
		gpuShare: shareOfGpus(gpus, candidates),
		// The records of earlier boxes say whether this engine refused before.
		raisesLimits: !lost.rlimits && !limitsWereKept(host.paths, host.engine.address),
		ports: await choosePorts(prepared.request, host.person.name, boxes, lost.ports, former),
		now: new Date(),
	});
}

/**
The share of the host's GPUs that a box gets, from 0 to 1; a MIG slice counts for its part of its card. Undefined when it gets none.
*/
export function shareOfGpus(gpus: readonly string[], candidates: readonly GpuCandidate[]): number | undefined {
	const cards = candidates.filter(({sliceOf}) => sliceOf === undefined).length;
	if (gpus.length === 0 || cards === 0) {
		return undefined;
	}

	const parts = gpus.map((uuid) => {
		const card = candidates.find((candidate) => candidate.uuid === uuid)?.sliceOf;
		return card === undefined ? 1 : 1 / candidates.filter(({sliceOf}) => sliceOf === card).length;
	});
	return Math.min(1, parts.reduce((sum, part) => sum + part, 0) / cards);
}

async function choosePorts(
	request: BoxRequest,
	owner: string,
	boxes: Box[],
	lost: readonly number[],
	former: Box | undefined,
): Promise<Partial<Record<ServiceName, number>>> {
	const holders = new Map(
		boxes
			.filter(({replaced}) => !replaced)
			.flatMap((box) => Object.values(box.addresses).map(({port}) => [port, box.name] as const)),
	);
	const taken = new Set([...holders.keys(), ...lost]);
	const ports: Partial<Record<ServiceName, number>> = {};
	for (const [index, service] of request.services.entries()) {
		const wanted = index === 0 ? request.port : undefined;
		const before = former?.addresses[service]?.port;
		const candidates =
			wanted === undefined
				? [request.preferredPorts?.[service], before]
						.filter((port) => port !== undefined)
						.concat(candidatePorts(servicePorts[service], owner, request.project))
				: [wanted];
		const port = await findFreePort(candidates, taken, request.bind, former?.state === 'running' ? before : undefined);
		if (port === undefined) {
			const holder = wanted === undefined ? undefined : holders.get(wanted);
			throw new Failure(
				wanted === undefined
					? `No free port found for ${service}.`
					: `Port ${wanted} is taken by ${holder ? `box ${holder}` : 'another program'}.`,
				{fix: 'Omit --port to get a free one, or choose another.', exitCode: exitCode.taken},
			);
		}

		ports[service] = port;
		taken.add(port);
	}

	return ports;
}

export function stillUndecided(): GpusTaken {
	return new GpusTaken('Could not reserve GPUs: other boxes kept claiming them.', {
		fix: 'Try again in a minute, queue with --wait, or name the GPUs: --gpus 0,2',
		holders: ['boxes that are starting'],
	});
}
