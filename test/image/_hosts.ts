import {gpuClass} from '../../source/image/fit/gpu-class.ts';
import type {FitFacts, Injection, JudgedGpu} from '../../source/image/image.ts';
import cards from '../../templates/catalogue/gpu-cards.json' with {type: 'json'};

/** A card of the table of known cards, by its name there. */
export function card(name: string, index = 0): JudgedGpu {
	const known = cards.cards.find((each) => each.name === name);
	if (!known) {
		throw new Error(`No card is called ${name}`);
	}

	return {uuid: `GPU-${index}`, index, name, computeCapability: known.computeCapability, class: gpuClass(name)};
}

/** An x86 host with these cards; CUDA follows from the driver. */
export function host(
	driverVersion: string | null,
	names: readonly string[],
	{
		injection = 'cdi',
		architecture = 'x86_64',
		freeDiskBytes = null,
		cudaVersion = null,
	}: {
		injection?: Injection;
		architecture?: string;
		freeDiskBytes?: number | null;
		cudaVersion?: string | null;
	} = {},
): FitFacts {
	return {
		driverVersion,
		cudaVersion,
		gpus: names.map((name, index) => card(name, index)),
		architecture,
		engine: {injection},
		freeDiskBytes,
	};
}
