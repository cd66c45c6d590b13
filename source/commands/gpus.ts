import {exitCode, Failure} from '../base/failure.ts';
import type {Box} from '../box/box.ts';
import {holdsGpus} from '../box/gpus/claims.ts';
import {type ContainerFinder, createContainerFinder} from '../box/gpus/process-containers.ts';
import {isClaim, type NamedProcess, nameProcesses} from '../box/gpus/process-names.ts';
import type {QueueEntry} from '../box/gpus/queue-entry.ts';
import {readQueue} from '../box/gpus/queue-records.ts';
import type {Idleness} from '../box/idle/idle.ts';
import {listBoxes, ownerText} from '../box/list.ts';
import {type Engine, isNoEngine} from '../engine/engine.ts';
import type {GpuFrame, GpuInventory} from '../gpu/gpu.ts';
import {readInventory} from '../gpu/inventory.ts';
import {type GpuView, viewGpus} from '../gpu/live.ts';
import {readFrame} from '../gpu/one-frame.ts';
import {areKnown, type ProcessList, readProcesses} from '../gpu/processes.ts';
import {type StateOfCard, stateOfCard} from '../gpu/state.ts';
import {watchGpus} from '../gpu/stream.ts';
import type {Host} from '../host/host.ts';
import {openHost} from '../host/open-host.ts';
import {formatDuration} from '../text/duration.ts';
import {safeJson} from '../text/safe.ts';
import {shortUuid} from './output/format.ts';
import {printJson, queueJson} from './output/json.ts';
import {queueTable} from './output/queue-table.ts';
import {tableFor} from './output/table.ts';
import {tellTrouble} from './output/tell-trouble.ts';

type Options = {
	host?: string | undefined;
	/** Asked for the boxes already. */
	engine?: Engine;
	json?: true | undefined;
	watch?: true | undefined;
	wide?: true | undefined;
};

/** @throws Failure (no usable GPU) when there is no GPU to list */
export async function gpus(options: Options, signal: AbortSignal): Promise<void> {
	const host = openHost(options);
	const inventory = await readInventory(host.nvidiaSmi, {signal});
	if (inventory.gpus.length === 0) {
		const [problem] = inventory.problems;
		throw new Failure(problem?.message ?? 'This host has no NVIDIA GPU.', {
			fix: problem?.fix ?? '',
			exitCode: exitCode.noGpu,
		});
	}

	for (const problem of inventory.problems) {
		process.stderr.write(`${problem.message}\n  → ${problem.fix}\n`);
	}

	if (options.watch) {
		await watch(host, inventory, options, signal);
		return;
	}

	// Two questions to the driver at a time, as before.
	const [frame, boxes, list] = await Promise.all([
		readFrame(host.nvidiaSmi, inventory.gpus.length, signal),
		boxesIfAny(host, signal),
		readProcesses(host.nvidiaSmi, {signal}),
	]);
	const [processes, holders] = await Promise.all([
		ownedProcesses(host, inventory, boxes, list, {signal}),
		readHolders(host, boxes, signal),
	]);
	const queue = readQueue(host);
	await print(inventory, viewGpus(inventory.gpus, frame), processes, boxes, options, {
		holders,
		queue,
		local: host.engine.local,
	});
}

async function watch(host: Host, inventory: GpuInventory, options: Options, signal: AbortSignal): Promise<void> {
	let latest: GpuFrame | undefined;
	let busy = false;
	// One for all: an engine on another machine is asked for the processes of its containers only when there is a new one on a GPU.
	const finder = createContainerFinder(host.engine, isClaim);
	const show = async () => {
		const [boxes, list] = await Promise.all([boxesIfAny(host, signal), readProcesses(host.nvidiaSmi, {signal})]);
		const processes = await ownedProcesses(host, inventory, boxes, list, {signal, finder});
		if (process.stdout.isTTY && !options.json) {
			process.stdout.write('\u001B[H\u001B[J');
		}

		const queue = readQueue(host);
		await print(inventory, viewGpus(inventory.gpus, latest), processes, boxes, options, {
			holders: [],
			queue,
			local: host.engine.local,
		});
	};
	await watchGpus(host.nvidiaSmi, {
		signal,
		gpuCount: inventory.gpus.length,
		onNews(news) {
			if (news.kind === 'problem') {
				if (news.problem) {
					process.stderr.write(`${news.problem.message}\n  → ${news.problem.fix}\n`);
				}

				return;
			}

			latest = news.frame;
			if (!busy) {
				busy = true;
				show()
					.catch(async (error: unknown) => {
						if (!signal.aborted) {
							const {explain} = await import('../host/remedies.ts');
							process.stderr.write(`${explain(error).message}\n`);
						}
					})
					.finally(() => {
						busy = false;
					});
			}
		},
	});
	signal.throwIfAborted();
}

/** Too slow for `--watch`, so only for a single report: since when a box has its GPUs, and whether it uses them. */
type Holder = {box: Box; since: Date; idleness: Idleness | undefined};

async function readHolders(host: Host, boxes: Box[], signal: AbortSignal): Promise<Holder[]> {
	const holders = boxes.filter(holdsGpus);
	if (holders.length === 0) {
		return [];
	}

	const {readIdleness} = await import('../box/idle/observe.ts');
	const [idleness, details] = await Promise.all([
		readIdleness(host, holders, {signal}),
		Promise.all(holders.map(({id}) => host.engine.inspectContainer(id, signal))),
	]);
	return holders.map((box, index) => ({
		box,
		since: details[index]?.startedAt ?? box.createdAt,
		idleness: idleness.get(box.id),
	}));
}

/** Without an engine the GPUs are still listed; then they belong to no box. */
async function boxesIfAny(host: Host, signal: AbortSignal): Promise<Box[]> {
	try {
		return await listBoxes(host, signal);
	} catch (error) {
		if (isNoEngine(error)) {
			return [];
		}

		throw error;
	}
}

/** Whether the driver told its processes decides if an empty list means anything. */
type Processes = {processes: NamedProcess[]; known: boolean};

async function ownedProcesses(
	host: Host,
	{gpus}: GpuInventory,
	boxes: Box[],
	list: ProcessList,
	options: {signal: AbortSignal; finder?: ContainerFinder},
): Promise<Processes> {
	return {processes: await nameProcesses(host, list, boxes, gpus, options), known: areKnown(list)};
}

async function print(
	inventory: GpuInventory,
	views: GpuView[],
	listed: Processes,
	boxes: Box[],
	options: Options,
	{holders, queue, local}: {holders: Holder[]; queue: QueueEntry[] | undefined; local: boolean},
): Promise<void> {
	if (options.json) {
		const value = {...gpusJson(inventory, views, listed, boxes, holders), queue: queueJson(queue)};
		if (options.watch) {
			process.stdout.write(`${safeJson(value)}\n`);
		} else {
			printJson(value);
		}

		return;
	}

	const {processes} = listed;
	const table = (heads: string[], cells: string[][], optional: string[] = []) =>
		tableFor(heads, cells, {wide: options.wide, optional, whole: 'gpubox gpus --wide'});
	const rows = views.map((view) => [
		String(view.index),
		view.name,
		shortUuid(view.uuid),
		stateText(stateOf(view, listed, boxes)),
		or(view.utilization, (value) => `${value} %`),
		or(view.memoryUsedMiB, (used) => `${used} / ${view.memoryTotalMiB ?? '?'} MiB`),
		or(view.temperature, (value) => `${value} °C`),
		or(view.powerDraw, (value) => `${Math.round(value)} / ${view.powerLimit ?? '?'} W`),
		holdersOf(view, boxes).join(',') || '-',
	]);
	process.stdout.write(
		`Driver ${inventory.driverVersion ?? 'unknown'}, CUDA up to ${inventory.cudaVersion ?? 'unknown'}\n\n` +
			`${await table(['gpu', 'name', 'uuid', 'state', 'use', 'memory', 'temp', 'power', 'box'], rows, ['power', 'temp', 'uuid', 'name', 'use'])}\n`,
	);
	const slices = views.flatMap((view) => view.mig.map(({uuid, profile}) => [String(view.index), profile, uuid]));
	if (slices.length > 0) {
		process.stdout.write(`\n${await table(['gpu', 'slice', 'uuid'], slices)}\n`);
	}

	if (holders.length > 0) {
		const {idleCell, readableIdleLimits} = await import('../app/idle-limits.ts');
		const idleLimits = readableIdleLimits(tellTrouble);
		const now = new Date();
		const rows = await Promise.all(
			holders.map(async ({box, since, idleness}) => [
				box.name,
				ownerText(box),
				String(box.gpus.length),
				formatDuration(now.getTime() - since.getTime()),
				idleCell(box, idleness, await idleLimits(box), now),
			]),
		);
		process.stdout.write(`\n${await table(['box', 'owner', 'gpus', 'since', 'idle'], rows, ['since', 'owner'])}\n`);
	}

	process.stdout.write(await queueTable(queue, {wide: options.wide, local, whole: 'gpubox gpus --wide'}));
	if (processes.length > 0) {
		const indexOf = new Map(views.map(({uuid, index}) => [uuid, String(index)]));
		const lines = processes.map((entry) => [
			indexOf.get(entry.gpuUuid) ?? '?',
			String(entry.pid),
			entry.name ?? '-',
			or(entry.usedMemoryMiB, (value) => `${value} MiB`),
			entry.user ?? '-',
			entry.box ?? entry.container?.name ?? '-',
		]);
		process.stdout.write(
			`\n${await table(['gpu', 'pid', 'process', 'memory', 'user', 'container'], lines, ['pid', 'user'])}\n`,
		);
	}
}

function gpusJson(inventory: GpuInventory, views: GpuView[], listed: Processes, boxes: Box[], holders: Holder[]) {
	return {
		driverVersion: inventory.driverVersion,
		cudaVersion: inventory.cudaVersion,
		gpus: views.map((view) => ({
			index: view.index,
			uuid: view.uuid,
			name: view.name,
			computeCapability: view.computeCapability,
			memoryTotalMiB: view.memoryTotalMiB,
			memoryUsedMiB: view.memoryUsedMiB,
			utilization: view.utilization,
			temperature: view.temperature,
			powerDraw: view.powerDraw,
			powerLimit: view.powerLimit,
			lost: view.lost,
			...stateJson(stateOf(view, listed, boxes)),
			mig: view.mig,
			processes: listed.processes.filter(({gpuUuid}) => gpuUuid === view.uuid).map(({gpuUuid: _, ...entry}) => entry),
			claimedBy: holdersOf(view, boxes),
			holders: holders
				.filter(({box}) => holdersOf(view, [box]).length > 0)
				.map(({box, since, idleness}) => ({
					box: box.name,
					owner: box.owner,
					since: since.toISOString(),
					idleSince: idleness?.kind === 'idle' ? idleness.since.toISOString() : null,
				})),
		})),
	};
}

function stateOf(view: GpuView, {processes, known}: Processes, boxes: Box[]): StateOfCard {
	return stateOfCard({
		...view,
		processes: known ? processes.filter(({gpuUuid}) => gpuUuid === view.uuid).length : null,
		held: holdersOf(view, boxes).length > 0,
	});
}

function stateJson({state, reason}: StateOfCard) {
	return {state, stateReason: reason};
}

function stateText({state, reason}: StateOfCard): string {
	// Where it is of no use, or not known, the reason says it all; the others are short words with figures beside them.
	return state === 'unusable' || state === 'unknown' ? `${state} (${reason})` : state === 'held' ? 'held, idle' : state;
}

/** The boxes that hold a GPU or one of its slices. */
function holdersOf(view: GpuView, boxes: Box[]): string[] {
	const uuids = new Set([view.uuid, ...view.mig.map(({uuid}) => uuid)]);
	return boxes.filter((box) => holdsGpus(box) && box.gpus.some((uuid) => uuids.has(uuid))).map(({name}) => name);
}

function or<T>(value: T | null, format: (value: T) => string): string {
	return value === null ? '-' : format(value);
}
