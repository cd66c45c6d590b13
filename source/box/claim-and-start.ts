import {existsSync} from 'node:fs';
import timers from 'node:timers/promises';
import {type ContainerSpec, EngineError} from '../engine/engine.ts';
import {exitCode, Failure} from '../failure.ts';
import type {Host, Person} from '../host/host.ts';
import {version} from '../version.ts';
import {type Box, type ServiceName, servicePorts} from './box.ts';
import {chooseGpus, type GpuCandidate, GpusTaken} from './choose-gpus.ts';
import {abandonedAfter, decideClaim} from './claims.ts';
import {removeBoxFiles, writeBoxFiles} from './files.ts';
import {keptBefore, newFolder} from './folders.ts';
import {toCandidates} from './gpus-of-host.ts';
import {listBoxes} from './list.ts';
import {defaultName, distinctName} from './name.ts';
import {type BoxRequest, boxFolder, planBox} from './plan.ts';
import {candidatePorts, findFreePort} from './ports.ts';
import type {Prepared} from './prepare.ts';
import {missingSecrets} from './secrets.ts';

/**
Creates the container, makes sure that its GPUs are its own (see claims.ts) and starts it. Whatever is lost to somebody else on
the way, a card, a port, the name, is chosen anew as long as there is a choice.
*/
export async function claimAndStart(host: Host, prepared: Prepared, signal: AbortSignal): Promise<ClaimedBox> {
	const folders = new Set<string>();
	try {
		return await claim(host, prepared, folders, signal);
	} catch (error) {
		// An engine that does not answer any more may have made the container: then a later run cleans up.
		const boxes = folders.size > 0 ? await listBoxes(host.engine).catch(() => undefined) : undefined;
		if (boxes) {
			removeUnused(host, folders, boxes);
		}

		throw error;
	}
}

/** @param folders gets those that were written on the way and may belong to a container */
async function claim(host: Host, prepared: Prepared, folders: Set<string>, signal: AbortSignal): Promise<ClaimedBox> {
	const {engine} = host;
	const lost: Lost = {ports: new Set(), limits: prepared.engine.rootless};
	// What a crash left in the way is out of it after that.
	const end = Date.now() + 2 * abandonedAfter;
	while (Date.now() < end) {
		signal.throwIfAborted();
		let boxes = await listBoxes(engine, signal);
		removeUnused(host, folders, boxes);
		let mine = findOwn(boxes, host.person, prepared.request);
		const made = mine === undefined;
		if (!mine) {
			const name = chooseName(boxes, host.person, prepared.request);
			const folder = newFolder(name);
			const spec = await workOut(host, prepared, boxes, {name, folder}, lost);
			if (!spec) {
				await pause(signal);
				continue;
			}

			folders.add(folder);
			const secrets = (prepared.request.secrets ?? []).map((secret) => secret.name);
			const origin = {engine: engine.address, project: prepared.request.project};
			writeBoxFiles(host.paths, folder, prepared, {origin, kept: keptBefore(host.paths, name, origin, boxes)});
			try {
				await engine.createContainer(spec);
			} catch (error) {
				// Somebody was quicker: the next round finds out who and takes another name, or theirs if it is ours. Or this took
				// so long that the folder was taken for one left behind.
				const again =
					error instanceof EngineError && (error.code === 'name-taken' || !isWhole(host, {folder, secrets}));
				if (again) {
					await pause(signal);
					continue;
				}

				throw error;
			}

			// From here to the start nothing is broken off: a container that is neither started nor gone would be left.
			boxes = await listBoxes(engine);
			mine = findOwn(boxes, host.person, prepared.request);
		}

		const started = mine && (await tryToStart(host, mine, boxes, prepared, lost, signal));
		if (started) {
			return {box: started, made};
		}
	}

	throw stillUndecided();
}

/**
Undefined when the container had to go, so that the next round makes another.

@param boxes listed after `mine` was created
*/
async function tryToStart(
	host: Host,
	mine: Box,
	boxes: Box[],
	{request}: Prepared,
	lost: Lost,
	signal: AbortSignal,
): Promise<Box | undefined> {
	const {engine} = host;
	for (let seen = boxes; ; seen = await listBoxes(engine)) {
		const decision = decideClaim(mine, seen, new Date());
		if (decision.kind === 'withdraw') {
			await removeUnlessRunning(host, mine);
			await pause(signal);
			return undefined;
		}

		if (decision.kind === 'start') {
			break;
		}

		for (const rival of decision.rivals) {
			await removeUnlessRunning(host, rival);
		}
	}

	try {
		await engine.startContainer(mine.id);
	} catch (error) {
		if (!(error instanceof EngineError) || error.code === 'not-found' || error.code === 'conflict') {
			// A rival that comes first removed it: that is how it tells us. Anything else is not ours to judge.
			if (error instanceof EngineError) {
				return undefined;
			}

			throw error;
		}

		await removeUnlessRunning(host, mine);
		if (mine.folder !== mine.name && !isWhole(host, mine)) {
			return undefined;
		}

		if (/error setting rlimit/.test(error.message) && !lost.limits) {
			// An engine without root's rights cannot raise them, and most work does without.
			lost.limits = true;
			return undefined;
		}

		if (error.code === 'port-taken' && request.port === undefined) {
			for (const {port} of Object.values(mine.addresses)) {
				lost.ports.add(port);
			}

			return undefined;
		}

		throw error;
	}

	return {...mine, state: 'running'};
}

async function removeUnlessRunning({engine}: Host, box: Box): Promise<void> {
	try {
		await engine.removeContainer(box.id, {volumes: true});
	} catch (error) {
		const settled = error instanceof EngineError && (error.code === 'conflict' || error.code === 'not-found');
		if (!settled) {
			throw error;
		}
	}
}

/** Rivals that meet once should not meet again at the same moment. */
function pause(signal: AbortSignal): Promise<void> {
	return timers.setTimeout(50 + Math.random() * 150, undefined, {signal});
}

export function stillUndecided(): GpusTaken {
	return new GpusTaken('Others are starting boxes on the same GPUs again and again.', {
		fix: 'Try again in a minute, wait in line with --wait, or name the GPUs: --gpus 0,2',
		holders: ['others who are starting boxes'],
	});
}

/** A box that runs, and whether it was made here or found half-made. */
export type ClaimedBox = {box: Box; made: boolean};

/** Removes folders made here that no container has, or will have: each was named in one attempt to make one. */
function removeUnused({paths}: Host, folders: Set<string>, boxes: Box[]): void {
	for (const folder of folders) {
		if (!boxes.some((box) => box.folder === folder)) {
			removeBoxFiles(paths, folder);
			folders.delete(folder);
		}
	}
}

function isWhole({paths}: Host, box: Pick<Box, 'folder' | 'secrets'>): boolean {
	return existsSync(boxFolder(paths, box.folder)) && missingSecrets(paths, box).length === 0;
}

/** What turned out not to be had on the way. */
type Lost = {ports: Set<number>; limits: boolean};

/** The box of this project that belongs to the caller: the one named, or the one that runs. */
export function findOwn(boxes: Box[], person: Person, request: BoxRequest): Box | undefined {
	const own = boxes.filter(
		(box) =>
			box.owner === person.name &&
			box.project === request.project &&
			(request.name === undefined || box.name === request.name),
	);
	return own.find(({state}) => state === 'running') ?? own[0];
}

/** @throws Failure (taken) when the name asked for belongs to another project */
export function chooseName(boxes: Box[], person: Person, request: BoxRequest): string {
	const isOthers = (name: string) =>
		boxes.find((box) => box.name === name && (box.owner !== person.name || box.project !== request.project));
	const {projectName = request.project} = request;
	const name = request.name ?? defaultName(person.name, projectName);
	const holder = isOthers(name);
	if (!holder) {
		return name;
	}

	if (request.name === undefined) {
		return distinctName(person.name, request.project, projectName);
	}

	throw new Failure(`The name "${name}" is taken by ${holder.owner}'s box for ${holder.project}.`, {
		fix: 'Choose another one: --name',
		exitCode: exitCode.taken,
	});
}

/** The cards for a box, of those that can use its image. @throws Failure (taken) naming the holders; no usable GPU */
export function pickGpus(
	{request, gpuRequest, gpus, usableGpus}: Pick<Prepared, 'request' | 'gpuRequest' | 'gpus' | 'usableGpus'>,
	candidates: GpuCandidate[],
): string[] | 'undecided' {
	const usable = usableGpus ? candidates.filter(({uuid, sliceOf}) => usableGpus.includes(sliceOf ?? uuid)) : candidates;
	return chooseGpus(gpuRequest, usable, request.shareGpus, {closeness: gpus?.closeness});
}

/** Everything that depends on the other boxes. Undefined while boxes that are being made at this moment may still step back. */
export async function workOut(
	host: Host,
	prepared: Prepared,
	boxes: Box[],
	{name, folder}: {name: string; folder: string},
	lost: Lost,
): Promise<ContainerSpec | undefined> {
	const {request, engine} = prepared;
	const candidates = prepared.gpus ? toCandidates(prepared.gpus, boxes, new Date()) : [];
	const gpus = pickGpus(prepared, candidates);
	if (gpus === 'undecided') {
		return undefined;
	}

	return planBox(request, {
		owner: host.person,
		runAs: prepared.runAs,
		name,
		folder,
		image: prepared.image,
		startImage: prepared.startImage,
		...(prepared.ownServer ? {ownServer: prepared.ownServer} : {}),
		gpus,
		gpusOnHost: candidates.filter(({sliceOf}) => sliceOf === undefined).length,
		gpuRequest: engine.flavour === 'podman' ? 'cdi' : 'gpu',
		// What an earlier box found out need not be found out again.
		raisesLimits: !lost.limits && !boxes.some(({keepsLimits}) => keepsLimits),
		ports: await choosePorts(request, host.person.name, boxes, lost.ports),
		memoryBytes: engine.memoryBytes,
		cpus: engine.cpus,
		paths: host.paths,
		version,
		now: new Date(),
	});
}

async function choosePorts(
	request: BoxRequest,
	owner: string,
	boxes: Box[],
	lost: ReadonlySet<number>,
): Promise<Partial<Record<ServiceName, number>>> {
	const holders = new Map(
		boxes.flatMap((box) => Object.values(box.addresses).map(({port}) => [port, box.name] as const)),
	);
	const taken = new Set([...holders.keys(), ...lost]);
	const ports: Partial<Record<ServiceName, number>> = {};
	for (const [index, service] of request.services.entries()) {
		const wanted = index === 0 ? request.port : undefined;
		const preferred = request.preferredPorts?.[service];
		const candidates =
			wanted === undefined
				? [
						...(preferred === undefined ? [] : [preferred]),
						...candidatePorts(servicePorts[service], owner, request.project),
					]
				: [wanted];
		const port = await findFreePort(candidates, taken, request.bind);
		if (port === undefined) {
			const holder = wanted === undefined ? undefined : holders.get(wanted);
			throw new Failure(
				wanted === undefined
					? `No port is free for ${service}.`
					: `Port ${wanted} is taken by ${holder ? `box ${holder}` : 'another program'}.`,
				{fix: 'Leave --port out to get a free one, or name another.', exitCode: exitCode.taken},
			);
		}

		ports[service] = port;
		taken.add(port);
	}

	return ports;
}
