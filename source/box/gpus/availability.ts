import {type Closeness, readTopology} from '../../gpu/cards/topology.ts';
import type {GpuFacts, GpuInventory, GpuProblem} from '../../gpu/gpu.ts';
import {readInventory} from '../../gpu/inventory.ts';
import {sameBus} from '../../gpu/problems.ts';
import {ownerOf} from '../../gpu/process-owner.ts';
import {areKnown, readProcesses} from '../../gpu/processes.ts';
import {type CardFacts, stateOfCard, whyUnusable} from '../../gpu/state.ts';
import type {Host} from '../../host/host.ts';
import type {Box} from '../box.ts';
import type {GpuCandidate} from './allocate.ts';
import {holdsGpus, isAbandoned, isCovered} from './claims.ts';
import {holdsCard} from './process-names.ts';

/** A process on a GPU with its owner, as far as this machine knows it. */
type ForeignProcess = {
	gpuUuid: string;
	description: string;
	containerId: string | null;
	/** No process of this machine that could be found is the one that the driver means. */
	unexplained?: true;
};

/** The state of the host's GPUs without the boxes, which may change until the decision. */
export type GpusOfHost = {
	inventory: GpuInventory;
	processes: ForeignProcess[];
	/** The driver did not say what runs on its GPUs. */
	processesUnknown?: true;
	memoryUsedMiB: Map<string, number>;
	/** Missing when it was not requested. */
	closeness?: Closeness;
	/** GPUs that users who came before are queued for. */
	waitedFor?: ReadonlyArray<{uuid: string; by: string}>;
};

/**
Asks the driver once. The processes of another machine cannot be inspected from here, so their owners stay unknown.

@param several more than one card is requested, so it matters how they are connected
*/
export async function readGpusOfHost(host: Host, signal: AbortSignal, several = false): Promise<GpusOfHost> {
	const [inventory, list, closeness] = await Promise.all([
		readInventory(host.nvidiaSmi, {signal}),
		readProcesses(host.nvidiaSmi, {signal}),
		several ? readTopology(host.nvidiaSmi, {signal}) : undefined,
	]);
	const {processes, listedAt} = list;
	const visible = host.engine.local && !host.demo;
	const owned = await Promise.all(
		processes.map(async ({gpuUuid, pid, name}): Promise<ForeignProcess> => {
			const owner = visible ? await ownerOf({pid, name, listedAt}) : undefined;
			const user = owner ? ` of ${owner.user ?? `uid ${owner.uid}`}` : '';
			return {
				gpuUuid,
				description: `${name === null ? `process ${pid}` : `${name} (${pid})`}${user}`,
				containerId: owner?.containerId ?? null,
				...(visible && !owner ? {unexplained: true} : {}),
			};
		}),
	);
	const memoryUsedMiB = new Map<string, number>();
	for (const {gpuUuid, usedMemoryMiB} of processes) {
		memoryUsedMiB.set(gpuUuid, (memoryUsedMiB.get(gpuUuid) ?? 0) + (usedMemoryMiB ?? 0));
	}

	return {
		inventory,
		processes: owned,
		...(areKnown(list) ? {} : {processesUnknown: true}),
		memoryUsedMiB,
		...(closeness ? {closeness} : {}),
	};
}

/** What can be allocated: whole cards and MIG slices, each with its users. Pure. */
export function toCandidates(gpusOfHost: GpusOfHost, boxes: Box[], now: Date): GpuCandidate[] {
	const {inventory, processes, waitedFor = []} = gpusOfHost;
	const waitersOf = (uuid: string) => waitedFor.filter((each) => each.uuid === uuid).map(({by}) => by);
	const holders = boxes.filter((box) => holdsGpus(box) && !isAbandoned(box, now) && !isCovered(box, boxes));
	const usersOf = (uuid: string) => {
		const users = holders.filter(({gpus}) => gpus.includes(uuid));
		return {
			heldBy: users.filter(({state}) => state !== 'created').map(({name}) => name),
			jobs: users.filter(({job}) => job !== undefined).map(({name}) => name),
			wantedBy: users.filter(({state}) => state === 'created').map(({name}) => name),
			keptBy: users.filter(({shareGpus}) => !shareGpus).map(({name}) => name),
			overdue: users.flatMap(({name, until}) => (until && until <= now ? [{name, until}] : [])),
		};
	};

	return inventory.gpus.flatMap((gpu) => {
		const sliced = gpu.mig.length > 0;
		const on = processes.filter(({gpuUuid}) => gpuUuid === gpu.uuid);
		const isOfHolder = ({containerId}: ForeignProcess) =>
			boxes.some((box) => box.id === containerId && holdsCard(box, gpu.uuid, inventory.gpus));
		const foreign = on.filter((process) => !isOfHolder(process));
		const {lost, ...fitness} = fitnessOf(gpu, gpusOfHost, on.length);
		const card: GpuCandidate = {
			uuid: gpu.uuid,
			index: gpu.index,
			...usersOf(gpu.uuid),
			// nvidia-smi lists a process on a MIG slice under the card.
			foreign: sliced ? [] : [...foreign.map(({description}) => description), ...waitersOf(gpu.uuid)],
			...(!sliced && foreign.some(({unexplained}) => unexplained) ? {unexplained: true} : {}),
			memoryUsedMiB: gpusOfHost.memoryUsedMiB.get(gpu.uuid) ?? 0,
			lost,
			...fitness,
			...(sliced ? {sliced} : {}),
		};
		const slices = gpu.mig.map(({uuid}) => ({
			uuid,
			index: gpu.index,
			...usersOf(uuid),
			foreign: waitersOf(uuid),
			memoryUsedMiB: null,
			lost: card.lost,
			...(card.unusable ? {unusable: card.unusable} : {}),
			sliceOf: gpu.uuid,
		}));
		return [card, ...slices];
	});
}

/** What the driver says of a card at once, without a stream of readings. */
export function cardFacts(
	gpu: GpuFacts,
	problems: readonly GpuProblem[],
	use: Pick<CardFacts, 'processes' | 'held'>,
): GpuFacts & CardFacts {
	const told = (code: GpuProblem['code']) =>
		problems.some(
			(problem) =>
				problem.code === code && problem.busId !== undefined && gpu.busId !== null && sameBus(problem.busId, gpu.busId),
		);
	const {utilization = null, memoryUsedMiB = null} = gpu;
	return {
		...gpu,
		lost: told('gpu-lost'),
		faulty: told('needs-reset'),
		unread: false,
		utilization,
		memoryUsedMiB,
		...use,
	};
}

/** What the driver itself says of a card, whoever holds it. */
function fitnessOf(
	gpu: GpuFacts,
	{inventory, processesUnknown}: GpusOfHost,
	processes: number,
): Pick<GpuCandidate, 'lost' | 'unusable' | 'doubt'> {
	const card = cardFacts(gpu, inventory.problems, {processes: processesUnknown ? null : processes, held: false});
	const {lost, faulty} = card;
	const unusable =
		whyUnusable(card) ??
		(gpu.migUnknown
			? {reason: 'MIG on, slices not listed', fix: 'See what the driver says: nvidia-smi -L'}
			: undefined);
	const {state, reason} = stateOfCard(card);
	return {
		lost: lost || faulty,
		...(unusable ? {unusable} : {}),
		...(state === 'free' || reason === null ? {} : {doubt: {busy: state === 'busy', reason}}),
	};
}
