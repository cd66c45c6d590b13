import {fanAt, isTooHot, memoryAt, powerAt, smClockAt, temperatureAt, utilizationAt} from './load-model.ts';
import type {Scenario, ScenarioGpu} from './scenario.ts';

/** What the stand-in knows of one card at one moment. */
export type Moment = {scenario: Scenario; gpu: ScenarioGpu; seconds: number};

type Field = {unit?: string; read: (moment: Moment) => string | number | null};

function memoryUsed({scenario, gpu}: Moment): number | null {
	const used = scenario.processes
		.filter((process) => process.gpu === gpu.index)
		.reduce((sum, process) => sum + (process.usedMemoryMiB ?? 0), 0);
	return memoryAt(gpu, used);
}

const utilization: Field = {
	unit: '%',
	// The driver cannot tell it for a card that is cut into slices.
	read: ({gpu, seconds}) => (gpu.migMode === true ? null : utilizationAt(gpu, seconds)),
};
const memoryUtilization: Field = {
	unit: '%',
	read: ({gpu, seconds}) => (gpu.migMode === true ? null : Math.round(utilizationAt(gpu, seconds) * 0.6)),
};
const power: Field = {unit: 'W', read: ({gpu, seconds}) => powerAt(gpu, seconds).toFixed(2)};
const limit: Field = {unit: 'W', read: ({gpu}) => gpu.power.limit?.toFixed(2) ?? null};
const defaultLimit: Field = {
	unit: 'W',
	read: ({gpu: {power}}) => (power.default ?? power.limit)?.toFixed(2) ?? null,
};

const throttleReasons: Field = {
	read: ({gpu, seconds}) => {
		const busy = utilizationAt(gpu, seconds);
		// Idle, too hot (as the driver and as the card itself see it), or at the limit of its power.
		const reasons = busy === 0 ? 0x1 : isTooHot(gpu, seconds) ? 0x60 : busy >= 97 ? 0x4 : 0;
		return `0x${reasons.toString(16).padStart(16, '0')}`;
	},
};
const eccCount: Field = {read: ({gpu}) => (gpu.fan ? null : 0)};

/** By generation of the card: Hopper and newer have 5, Ampere and Ada 4. */
function pcieOf({computeCapability}: ScenarioGpu): number {
	const capability = Number(computeCapability);
	return capability >= 9 ? 5 : capability >= 8 ? 4 : 3;
}

/** The fields of `--query-gpu` that the stand-in knows, under the names that `--help-query-gpu` lists. */
export const fields: ReadonlyMap<string, Field> = new Map<string, Field>([
	['timestamp', {read: () => timestamp(new Date())}],
	['index', {read: ({gpu}) => gpu.index}],
	['count', {read: ({scenario}) => scenario.gpus.length}],
	['uuid', {read: ({gpu}) => gpu.uuid}],
	['gpu_uuid', {read: ({gpu}) => gpu.uuid}],
	['name', {read: ({gpu}) => gpu.name}],
	['gpu_name', {read: ({gpu}) => gpu.name}],
	['pci.bus_id', {read: ({gpu}) => gpu.busId}],
	['gpu_bus_id', {read: ({gpu}) => gpu.busId}],
	['driver_version', {read: ({scenario}) => scenario.driverVersion}],
	['compute_cap', {read: ({gpu}) => gpu.computeCapability}],
	['memory.total', {unit: 'MiB', read: ({gpu}) => gpu.memoryTotalMiB}],
	['memory.used', {unit: 'MiB', read: memoryUsed}],
	[
		'memory.free',
		{
			unit: 'MiB',
			read: (moment) => {
				const used = memoryUsed(moment);
				const total = moment.gpu.memoryTotalMiB;
				return used === null || total === null ? null : total - used;
			},
		},
	],
	['mig.mode.current', {read: ({gpu}) => (gpu.migMode === null ? null : gpu.migMode ? 'Enabled' : 'Disabled')}],
	['mig.mode.pending', {read: ({gpu}) => (gpu.migMode === null ? null : gpu.migMode ? 'Enabled' : 'Disabled')}],
	['persistence_mode', {read: ({gpu}) => (gpu.persistenceMode ? 'Enabled' : 'Disabled')}],
	['utilization.gpu', utilization],
	['utilization.memory', memoryUtilization],
	['temperature.gpu', {read: ({gpu, seconds}) => temperatureAt(gpu, seconds)}],
	['power.draw', power],
	['power.draw.instant', power],
	['power.draw.average', power],
	['power.limit', limit],
	['enforced.power.limit', limit],
	['power.max_limit', defaultLimit],
	['power.default_limit', defaultLimit],
	['clocks.current.sm', {unit: 'MHz', read: ({gpu, seconds}) => smClockAt(gpu, seconds)}],
	['clocks.current.memory', {unit: 'MHz', read: ({gpu}) => gpu.clocks.memory}],
	['fan.speed', {unit: '%', read: ({gpu, seconds}) => (gpu.fan ? fanAt(gpu, seconds) : null)}],
	[
		'pstate',
		{
			read: ({gpu, seconds}) =>
				// Cards of data centres stay in P0.
				gpu.fan && utilizationAt(gpu, seconds) === 0 ? 'P8' : gpu.fan ? 'P2' : 'P0',
		},
	],
	['clocks_throttle_reasons.active', throttleReasons],
	['clocks_event_reasons.active', throttleReasons],
	['clocks.max.sm', {unit: 'MHz', read: ({gpu}) => gpu.clocks.sm}],
	[
		'pcie.link.gen.gpucurrent',
		{read: ({gpu, seconds}) => (gpu.fan && utilizationAt(gpu, seconds) === 0 ? 1 : pcieOf(gpu))},
	],
	['pcie.link.gen.max', {read: ({gpu}) => pcieOf(gpu)}],
	['pcie.link.width.current', {read: () => 16}],
	['pcie.link.width.max', {read: () => 16}],
	['ecc.mode.current', {read: ({gpu}) => (gpu.fan ? null : 'Enabled')}],
	['ecc.errors.corrected.volatile.total', eccCount],
	['ecc.errors.uncorrected.volatile.total', eccCount],
	['ecc.errors.corrected.aggregate.total', eccCount],
	['ecc.errors.uncorrected.aggregate.total', eccCount],
	['remapped_rows.correctable', eccCount],
	['remapped_rows.uncorrectable', eccCount],
	['remapped_rows.pending', {read: ({gpu}) => (gpu.fan ? null : 'No')}],
	['remapped_rows.failure', {read: ({gpu}) => (gpu.fan ? null : 'No')}],
	['display_active', {read: () => 'Disabled'}],
	['compute_mode', {read: () => 'Default'}],
	['gpu_recovery_action', {read: () => 'None'}],
]);

function timestamp(now: Date): string {
	const two = (part: number) => String(part).padStart(2, '0');
	const day = `${now.getFullYear()}/${two(now.getMonth() + 1)}/${two(now.getDate())}`;
	const time = `${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}`;
	return `${day} ${time}.${String(now.getMilliseconds()).padStart(3, '0')}`;
}

// What a card that needs a reset still answers; everything else reads `[GPU requires reset]`.
const knownWithoutCard = new Set([
	'timestamp',
	'index',
	'count',
	'uuid',
	'gpu_uuid',
	'name',
	'gpu_name',
	'pci.bus_id',
	'gpu_bus_id',
	'driver_version',
	'memory.total',
]);

/** One cell, as the driver would print it. */
export function cellOf(name: string, moment: Moment, options: {units: boolean; needsReset: boolean}): string {
	const {scenario, gpu, seconds} = moment;
	const special = gpu.cells[name] ?? scenario.replay?.cells(gpu.uuid, seconds)[name];
	if (special !== undefined) {
		return special;
	}

	if (options.needsReset && !knownWithoutCard.has(name)) {
		return '[GPU requires reset]';
	}

	const field = fields.get(name);
	const value = field?.read(moment) ?? null;
	if (value === null) {
		return '[N/A]';
	}

	return options.units && field?.unit !== undefined ? `${value} ${field.unit}` : String(value);
}
