import type {Container} from '../../engine/engine.ts';
import type {GpuFacts, GpuProcess} from '../../gpu/gpu.ts';
import {usedOf} from '../../gpu/possible.ts';
import {ownerOf} from '../../gpu/process-owner.ts';
import type {ProcessList} from '../../gpu/processes.ts';
import type {Host} from '../../host/host.ts';
import {type Box, containerPrefix, label} from '../box.ts';
import {holdsGpus} from './claims.ts';
import {type ContainerFinder, createContainerFinder, type NamedContainer} from './process-containers.ts';

/** A process on a GPU, with its owner as far as that is known. */
export type NamedProcess = GpuProcess & {
	user: string | null;
	box: string | null;
	/** The container it runs in, a box or not; null outside of containers, and where it is unknown. Its name is safe to print. */
	container: NamedContainer | null;
};

type Card = Pick<GpuFacts, 'uuid' | 'mig'> & {memoryTotalMiB: number | null};

/**
Whether a box holds this card or one of its slices: the driver lists a process on a slice under the card. A process that seems to be in
a box without that card has its number by chance.
*/
export function holdsCard(box: Box, uuid: string, cards: ReadonlyArray<Pick<Card, 'uuid' | 'mig'>>): boolean {
	// Asked for each card and each box in every frame of the session.
	if (!holdsGpus(box)) {
		return false;
	}

	const slices = cards.find((card) => card.uuid === uuid)?.mig ?? [];
	return box.gpus.some((held) => held === uuid || slices.some((slice) => slice.uuid === held));
}

/** Finds the box and the owner of each process. Never throws: what cannot be determined is null. */
export async function nameProcesses(
	host: Host,
	{processes, listedAt}: Pick<ProcessList, 'processes' | 'listedAt'>,
	boxes: readonly Box[],
	cards: readonly Card[],
	{finder = createContainerFinder(host.engine, isClaim), signal}: {finder?: ContainerFinder; signal?: AbortSignal} = {},
): Promise<NamedProcess[]> {
	if (processes.length === 0) {
		return [];
	}

	const listed = processes.map((process) => {
		const total = cards.find(({uuid}) => uuid === process.gpuUuid)?.memoryTotalMiB ?? null;
		return {...process, usedMemoryMiB: usedOf(process.usedMemoryMiB, total)};
	});
	const {findOwner} = host;
	if (findOwner !== undefined) {
		return listed.map((process) => ({...process, ...findOwner(process), container: null}));
	}

	// Process ids of the demo host or another machine mean nothing in this one's /proc: there the engine is asked.
	if (host.demo || !host.engine.local) {
		const byPid = await processesOfBoxes(host, boxes, signal);
		const strangers = listed.flatMap(({pid}) => (byPid.has(pid) ? [] : [pid]));
		const others = strangers.length === 0 ? new Map<number, NamedContainer>() : await finder.byPids(strangers);
		return listed.map((process) => {
			const found = byPid.get(process.pid);
			const box = found && holdsCard(found, process.gpuUuid, cards) ? found : undefined;
			const container = box === undefined ? (others.get(process.pid) ?? null) : {id: box.id, name: nameInEngine(box)};
			return {...process, user: box?.owner ?? null, box: box?.name ?? null, container};
		});
	}

	return Promise.all(
		listed.map(async (process) => {
			// A process is still worth showing when its owner cannot be read.
			const owner = await ownerOf({...process, listedAt}).catch(() => undefined);
			const box = boxes.find(({id}) => id === owner?.containerId);
			const holder = box && holdsCard(box, process.gpuUuid, cards) ? box : undefined;
			// The kernel knows the owner of a process; a label of another user's container could say anything.
			const user = holder?.mine ? holder.owner : (owner?.user ?? holder?.owner ?? null);
			const container = holder
				? {id: holder.id, name: nameInEngine(holder)}
				: owner?.containerId
					? await finder.byId(owner.containerId)
					: null;
			return {...process, user, box: holder?.name ?? null, container};
		}),
	);
}

function nameInEngine({name}: Box): string {
	return `${containerPrefix}${name}`;
}

/** Whether gpubox made it. */
export function isClaim({labels}: Pick<Container, 'labels'>): boolean {
	return (labels[label.name] ?? '') !== '';
}

async function processesOfBoxes(
	host: Host,
	boxes: readonly Box[],
	signal: AbortSignal | undefined,
): Promise<Map<number, Box>> {
	const found = new Map<number, Box>();
	const candidates = boxes.filter((box) => box.state === 'running' && box.gpus.length > 0);
	await Promise.all(
		candidates.map(async (box) => {
			// A box that has just stopped has no processes.
			const processes = await host.engine.top(box.id, signal).catch(() => []);
			for (const {pid} of processes) {
				found.set(pid, box);
			}
		}),
	);
	return found;
}
