import type {GpuInventory} from '../../gpu/gpu.ts';
import {readInventory} from '../../gpu/inventory.ts';
import {sameBus} from '../../gpu/problems.ts';
import {ownerOf} from '../../gpu/process-owner.ts';
import {readProcesses} from '../../gpu/processes.ts';
import {type Closeness, readTopology} from '../../gpu/topology.ts';
import type {Host} from '../../host/host.ts';
import type {Box} from '../box.ts';
import type {GpuCandidate} from './allocate.ts';
import {holdsGpus, isAbandoned} from './claims.ts';

/** A process on a GPU with its owner, as far as this machine knows it. */
type ForeignProcess = {gpuUuid: string; description: string; containerId: string | null};

/** The state of the host's GPUs without the boxes, which may change until the decision. */
export type GpusOfHost = {
	inventory: GpuInventory;
	processes: ForeignProcess[];
	memoryUsedMiB: Map<string, number>;
	/** Missing when it was not requested. */
	closeness?: Closeness;
};

/**
Asks the driver once. The processes of another machine cannot be inspected from here, so their owners stay unknown.

@param several more than one card is requested, so it matters how they are connected
*/
export async function readGpusOfHost(host: Host, signal: AbortSignal, several = false): Promise<GpusOfHost> {
	const [inventory, {processes}, closeness] = await Promise.all([
		readInventory(host.nvidiaSmi, {signal}),
		readProcesses(host.nvidiaSmi, {signal}),
		several ? readTopology(host.nvidiaSmi, {signal}) : undefined,
	]);
	const owned = await Promise.all(
		processes.map(async ({gpuUuid, pid, name}) => {
			const owner = host.engine.local && !host.demo ? await ownerOf(pid) : undefined;
			const user = owner ? ` of ${owner.user ?? `uid ${owner.uid}`}` : '';
			return {gpuUuid, description: `${name} (${pid})${user}`, containerId: owner?.containerId ?? null};
		}),
	);
	const memoryUsedMiB = new Map<string, number>();
	for (const {gpuUuid, usedMemoryMiB} of processes) {
		memoryUsedMiB.set(gpuUuid, (memoryUsedMiB.get(gpuUuid) ?? 0) + (usedMemoryMiB ?? 0));
	}

	return {inventory, processes: owned, memoryUsedMiB, ...(closeness ? {closeness} : {})};
}

/** What can be allocated: whole cards and MIG slices, each with its users. Pure. */
export function toCandidates(
	{inventory, processes, memoryUsedMiB}: GpusOfHost,
	boxes: Box[],
	now: Date,
): GpuCandidate[] {
	const lost = inventory.problems.filter(({code}) => code === 'gpu-lost' || code === 'needs-reset');
	const holders = boxes.filter((box) => holdsGpus(box) && !isAbandoned(box, now));
	const boxIds = new Set(boxes.map(({id}) => id));
	const foreignOn = (uuid: string) =>
		processes
			.filter(({gpuUuid, containerId}) => gpuUuid === uuid && !(containerId !== null && boxIds.has(containerId)))
			.map(({description}) => description);
	const usersOf = (uuid: string) => {
		const users = holders.filter(({gpus}) => gpus.includes(uuid));
		return {
			heldBy: users.filter(({state}) => state !== 'created').map(({name}) => name),
			wantedBy: users.filter(({state}) => state === 'created').map(({name}) => name),
			keptBy: users.filter(({shareGpus}) => !shareGpus).map(({name}) => name),
			overdue: users.flatMap(({name, until}) => (until && until <= now ? [{name, until}] : [])),
		};
	};

	return inventory.gpus.flatMap((gpu) => {
		const sliced = gpu.mig.length > 0;
		const card: GpuCandidate = {
			uuid: gpu.uuid,
			index: gpu.index,
			...usersOf(gpu.uuid),
			// nvidia-smi lists a process on a MIG slice under the card.
			foreign: sliced ? [] : foreignOn(gpu.uuid),
			memoryUsedMiB: memoryUsedMiB.get(gpu.uuid) ?? 0,
			lost: lost.some(
				(problem) => problem.busId !== undefined && gpu.busId !== null && sameBus(problem.busId, gpu.busId),
			),
			...(sliced ? {sliced} : {}),
		};
		const slices = gpu.mig.map(({uuid}) => ({
			uuid,
			index: gpu.index,
			...usersOf(uuid),
			foreign: [],
			memoryUsedMiB: null,
			lost: card.lost,
			sliceOf: gpu.uuid,
		}));
		return [card, ...slices];
	});
}
