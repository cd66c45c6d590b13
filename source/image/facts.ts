/** Gathers what the judge looks at into its shape. */
import type {EngineInfo} from '../engine/engine.ts';
import type {GpuInventory} from '../gpu/gpu.ts';
import {gpuClass} from './fit/gpu-class.ts';
import {injectionOf} from './fit/injection.ts';
import type {FitFacts} from './image.ts';

/**
The facts of a host for the judge. `gpus`: UUIDs of the cards that the box would get, all when left out. `info` may be
missing where no engine answers: then nothing is claimed about how it gives GPUs.
*/
export function fitFacts(
	inventory: Pick<GpuInventory, 'driverVersion' | 'cudaVersion' | 'gpus'>,
	info: EngineInfo | undefined,
	{
		gpus,
		freeDiskBytes = null,
		architecture = process.arch,
	}: {
		gpus?: readonly string[];
		freeDiskBytes?: number | null;
		/** Of the engine's machine, where the engine does not tell. */
		architecture?: string;
	} = {},
): FitFacts {
	return {
		driverVersion: inventory.driverVersion,
		cudaVersion: inventory.cudaVersion,
		gpus: inventory.gpus
			.filter(
				({uuid, mig}) => gpus === undefined || gpus.includes(uuid) || mig.some((slice) => gpus.includes(slice.uuid)),
			)
			.map(({uuid, index, name, computeCapability}) => ({uuid, index, name, computeCapability, class: gpuClass(name)})),
		architecture: info?.architecture ?? architecture,
		engine: {injection: info === undefined ? 'unknown' : injectionOf(info)},
		freeDiskBytes,
	};
}
