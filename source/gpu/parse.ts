import {safeText} from '../text/safe.ts';
import {newThrottleField, throttleField} from './fields.ts';
import type {GpuFacts, GpuProcess, GpuSample, MigDevice} from './gpu.ts';
import {computeCapabilityOf, figureOf, performanceStateOf, usedOf} from './possible.ts';
import {throttleReasonsOf} from './throttle.ts';

/** One line of csv output: cell by field. */
export type Row = ReadonlyMap<string, string>;

/** The text in a cell, or `null` when the driver has none to give. */
export function textOf(cell: string | undefined): string | null {
	return cell === undefined || cell === '' || cell === '-' || /^\[.*\]$|^N\/A$|^ERR!$/i.test(cell) ? null : cell;
}

function switchOf(cell: string | undefined): boolean | null {
	return cell === 'Enabled' ? true : cell === 'Disabled' ? false : null;
}

/** Characters; real ones have some 300. */
const longestRow = 4096;

/**
A line of `--query-gpu=FIELDS --format=csv,noheader,nounits`, where `fields[0]` is the index.
`undefined` for anything else: warnings and errors stand between the rows, on the same stream.
Cells hold no comma, except a name in the last place.
*/
export function parseRow(line: string, fields: readonly string[]): Row | undefined {
	if (line.length > longestRow || !/^\s*\d/.test(line)) {
		return undefined;
	}

	const cells = safeText(line)
		.split(',')
		.map((cell) => cell.trim());
	if (!/^\d{1,4}$/.test(cells[0] ?? '')) {
		return undefined;
	}

	if (fields.at(-1) === 'name' && cells.length > fields.length) {
		cells.push(cells.splice(fields.length - 1).join(', '));
	}

	return cells.length === fields.length
		? new Map(fields.map((field, position) => [field, cells[position] ?? '']))
		: undefined;
}

/** Whether the card itself says that it is broken. Seen in csv: `[GPU requires reset]`; in the table: `ERR!`. */
export function isFaulty(row: Row): boolean {
	return [...row.values()].some((cell) => cell === '[GPU requires reset]' || cell === 'ERR!');
}

function uuidOf(row: Row): string {
	return textOf(row.get('uuid')) ?? String(Number(row.get('index')));
}

/** What does not change of one GPU; its MIG slices are told by `nvidia-smi -L` alone and are left empty here. */
export function factsOf(row: Row): GpuFacts {
	const memoryTotalMiB = figureOf('memory.total', row.get('memory.total'));
	return {
		index: Number(row.get('index')),
		uuid: uuidOf(row),
		name: textOf(row.get('name')) ?? 'unknown GPU',
		busId: textOf(row.get('pci.bus_id')),
		computeCapability: computeCapabilityOf(row.get('compute_cap')),
		memoryTotalMiB,
		powerLimit: figureOf('power.limit', row.get('power.limit')),
		migMode: switchOf(row.get('mig.mode.current')),
		migPending: switchOf(row.get('mig.mode.pending')),
		computeMode: textOf(row.get('compute_mode')),
		recoveryAction: textOf(row.get('gpu_recovery_action')),
		persistenceMode: switchOf(row.get('persistence_mode')),
		mig: [],
		utilization: figureOf('utilization.gpu', row.get('utilization.gpu')),
		memoryUsedMiB: usedOf(figureOf('memory.used', row.get('memory.used')), memoryTotalMiB),
		clockSmMax: figureOf('clocks.max.sm', row.get('clocks.max.sm')),
		powerDefault: figureOf('power.default_limit', row.get('power.default_limit')),
		pcieWidthMax: figureOf('pcie.link.width.max', row.get('pcie.link.width.max')),
	};
}

/** One reading of one GPU. */
export function sampleOf(row: Row): GpuSample {
	const memoryTotalMiB = figureOf('memory.total', row.get('memory.total'));
	return {
		index: Number(row.get('index')),
		uuid: uuidOf(row),
		utilization: figureOf('utilization.gpu', row.get('utilization.gpu')),
		memoryUtilization: figureOf('utilization.memory', row.get('utilization.memory')),
		memoryUsedMiB: usedOf(figureOf('memory.used', row.get('memory.used')), memoryTotalMiB),
		memoryTotalMiB,
		temperature: figureOf('temperature.gpu', row.get('temperature.gpu')),
		// What nvidia-smi's own table shows comes first: from Ampere on an average over one second, which jumps less.
		powerDraw:
			figureOf('power.draw', row.get('power.draw')) ?? figureOf('power.draw.instant', row.get('power.draw.instant')),
		powerLimit: figureOf('enforced.power.limit', row.get('enforced.power.limit')),
		clockSm: figureOf('clocks.current.sm', row.get('clocks.current.sm')),
		clockMemory: figureOf('clocks.current.memory', row.get('clocks.current.memory')),
		fanSpeed: figureOf('fan.speed', row.get('fan.speed')),
		performanceState: performanceStateOf(row.get('pstate')),
		pcieWidth: figureOf('pcie.link.width.current', row.get('pcie.link.width.current')),
		throttleReasons: throttleReasonsOf(row.get(throttleField) ?? row.get(newThrottleField)),
		faulty: isFaulty(row),
	};
}

export type Banner = {driverVersion: string | null; cudaVersion: string | null};

/**
The versions in the head of the default table, or in the answer to `--version`. From R610 on the driver is called
KMD and CUDA is called CUDA UMD there. No query field tells the highest CUDA that the driver supports.
*/
export function parseBanner(text: string): Banner {
	return {
		driverVersion: /(?:KMD|Driver) Version\s*:\s*(\d[\d.]*)/i.exec(text)?.[1] ?? null,
		cudaVersion: /CUDA (?:UMD )?Version\s*:\s*(\d[\d.]*)/i.exec(text)?.[1] ?? null,
	};
}

/** The MIG slices in the answer to `nvidia-smi -L`, by the UUID of the GPU that they are cut from. */
export function parseMig(text: string): Map<string, MigDevice[]> {
	const slices = new Map<string, MigDevice[]>();
	let current: MigDevice[] | undefined;
	for (const raw of text.split('\n')) {
		const line = safeText(raw);
		const gpu = /^GPU \d+: .*\(UUID: ([^)\s]+)\)$/.exec(line)?.[1];
		if (gpu !== undefined) {
			current = [];
			slices.set(gpu, current);
			continue;
		}

		const [, profile, uuid] = /^MIG (\S+)\s+Device\s+\d+: \(UUID: ([^)\s]+)\)$/.exec(line) ?? [];
		if (profile !== undefined && uuid !== undefined) {
			current?.push({uuid, profile});
		}
	}

	return slices;
}

/** What {@link parseProcessRow} reads. */
export const processFields = 'gpu_uuid,pid,process_name,used_gpu_memory';

/**
A line of `--query-compute-apps=gpu_uuid,pid,process_name,used_gpu_memory --format=csv,noheader,nounits`, or
`undefined`. The name of a process may hold commas, so it is what is left between the other cells.
*/
export function parseProcessRow(line: string): GpuProcess | undefined {
	const [, gpuUuid, pid, name, memory] = /^([^\s,]+),\s*(\d{1,10}),(.*),([^,]*)$/.exec(safeText(line)) ?? [];
	if (gpuUuid === undefined || pid === undefined || name === undefined || memory === undefined) {
		return undefined;
	}

	return {
		gpuUuid,
		pid: Number(pid),
		// `[Not Found]` and `[Insufficient Permissions]` are no names.
		name: textOf(name.trim()),
		usedMemoryMiB: figureOf('used_gpu_memory', memory.trim()),
	};
}

/** The field that the driver does not know. The whole query fails with it: exit code 2, and this line on stdout. */
export function rejectedField(text: string): string | undefined {
	return /Field "([^"\n]+)" is not a valid field to query/.exec(text)?.[1];
}
