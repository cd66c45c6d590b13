import {statSync} from 'node:fs';
import timers from 'node:timers/promises';
import {type ContainerSpec, EngineError} from '../engine/engine.ts';
import {exitCode, Failure} from '../failure.ts';
import type {Host, Person} from '../host/host.ts';
import {version} from '../version.ts';
import {type Box, type ServiceName, servicePorts} from './box.ts';
import {chooseGpus, GpusTaken} from './choose-gpus.ts';
import {abandonedAfter, decideClaim} from './claims.ts';
import {removeBoxFiles, writeBoxFiles} from './files.ts';
import {toCandidates} from './gpus-of-host.ts';
import {listBoxes} from './list.ts';
import {defaultName, distinctName} from './name.ts';
import {type BoxRequest, boxFolder, planBox} from './plan.ts';
import {candidatePorts, findFreePort} from './ports.ts';
import type {Prepared} from './prepare.ts';

/**
Creates the container, makes sure that its GPUs are its own (see claims.ts) and starts it. Whatever is lost to somebody else on
the way, a card, a port, the name, is chosen anew as long as there is a choice.
*/
export async function claimAndStart(host: Host, prepared: Prepared, signal: AbortSignal): Promise<ClaimedBox> {
	const written = new Map<string, number>();
	try {
		return await claim(host, prepared, written, signal);
	} catch (error) {
		const boxes = written.size > 0 ? await listBoxes(host.engine) : [];
		for (const [name, since] of written) {
			// Another `up` that is after the same name may have got further with them, or written there since.
			if (!boxes.some((box) => box.name === name) && changedAt(host, name) === since) {
				removeBoxFiles(host.paths, name);
			}
		}

		throw error;
	}
}

/** @param written gets the names of boxes that had no files before, and when their folder changed last */
async function claim(
	host: Host,
	prepared: Prepared,
	written: Map<string, number>,
	signal: AbortSignal,
): Promise<ClaimedBox> {
	const {engine} = host;
	const lost: Lost = {ports: new Set(), limits: prepared.engine.rootless};
	// What a crash left in the way is out of it after that.
	const end = Date.now() + 2 * abandonedAfter;
	while (Date.now() < end) {
		signal.throwIfAborted();
		let boxes = await listBoxes(engine, signal);
		let mine = findOwn(boxes, host.person, prepared.request);
		const made = mine === undefined;
		if (!mine) {
			const name = chooseName(boxes, host.person, prepared.request);
			const spec = await workOut(host, prepared, boxes, name, lost);
			if (!spec) {
				await pause(signal);
				continue;
			}

			const isNew = changedAt(host, name) === undefined;
			writeBoxFiles(host.paths, name, prepared);
			if (isNew) {
				written.set(name, changedAt(host, name) ?? 0);
			}

			try {
				await engine.createContainer(spec);
			} catch (error) {
				// Somebody was quicker: the next round finds out who and takes another name, or theirs if it is ours.
				if (error instanceof EngineError && error.code === 'name-taken') {
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
		fix: 'Try again in a minute, wait in line with --wait, or name the GPUs: --gpus 0,',
		holders: ['others who are starting boxes'],
	});
}

/** A box that runs, and whether it was made here or found half-made. */
export type ClaimedBox = {box: Box; made: boolean};

/** When something in a box's folder was made or renamed last; undefined when there is none. */
function changedAt(host: Host, name: string): number | undefined {
	return statSync(boxFolder(host.paths, name), {throwIfNoEntry: false})?.mtimeMs;
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

/** Everything that depends on the other boxes. Undefined while boxes that are being made at this moment may still step back. */
export async function workOut(
	host: Host,
	prepared: Prepared,
	boxes: Box[],
	name: string,
	lost: Lost,
): Promise<ContainerSpec | undefined> {
	const {request, engine} = prepared;
	const candidates = prepared.gpus ? toCandidates(prepared.gpus, boxes, new Date()) : [];
	const {usableGpus} = prepared;
	const usable = usableGpus ? candidates.filter(({uuid, sliceOf}) => usableGpus.includes(sliceOf ?? uuid)) : candidates;
	const gpus = chooseGpus(prepared.gpuRequest, usable, request.shareGpus, {
		closeness: prepared.gpus?.closeness,
	});
	if (gpus === 'undecided') {
		return undefined;
	}

	return planBox(request, {
		owner: host.person,
		runAs: prepared.runAs,
		name,
		image: prepared.image,
		startImage: prepared.startImage,
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
