/** What a new box would be, worked out from what was gathered and the boxes that there are. */
import type {ContainerSpec, EngineInfo} from '../engine/engine.ts';
import {exitCode, Failure} from '../failure.ts';
import type {Host, Person} from '../host/host.ts';
import {version} from '../version.ts';
import {type Box, type ServiceName, servicePorts} from './box.ts';
import {chooseGpus, type GpuCandidate, type GpuRequest, GpusTaken} from './choose-gpus.ts';
import type {Personal} from './files.ts';
import {type GpusOfHost, toCandidates} from './gpus-of-host.ts';
import {defaultName, distinctName} from './name.ts';
import type {OwnServer} from './own-server.ts';
import {type BoxRequest, planBox} from './plan.ts';
import {candidatePorts, findFreePort} from './ports.ts';

/** What was worked out for a new box before its GPUs and ports are fought for. */
export type Prepared = Personal & {
	request: BoxRequest;
	gpuRequest: GpuRequest;
	engine: EngineInfo;
	gpus: GpusOfHost | undefined;
	/** UUIDs of the cards that can use the image, where others cannot. */
	usableGpus?: string[];
	image: string;
	startImage: string;
	/** The image's own SSH server, where it is to run. */
	ownServer?: OwnServer;
};

/** What turned out not to be had on the way. */
export type Lost = {ports: Set<number>; limits: boolean};

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

export function stillUndecided(): GpusTaken {
	return new GpusTaken('Others are starting boxes on the same GPUs again and again.', {
		fix: 'Try again in a minute, wait in line with --wait, or name the GPUs: --gpus 0,2',
		holders: ['others who are starting boxes'],
	});
}
