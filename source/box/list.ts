import type {Engine} from '../engine/engine.ts';
import {exitCode, Failure} from '../failure.ts';
import {mostSimilar} from '../text/similar.ts';
import {type Box, containerPrefix, label} from './box.ts';
import {toBox} from './labels.ts';

/** Every box on the engine, everyone's, in the order of their names. */
export async function listBoxes(engine: Engine, signal?: AbortSignal): Promise<Box[]> {
	const containers = await engine.listContainers({labels: [label.name], ...(signal ? {signal} : {})});
	return containers
		.flatMap((container) => toBox(container) ?? [])
		.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/**
The box a person means: by name, by container name, by id or by the start of an id.

@throws Failure (no such box), with the name that was probably meant.
*/
export async function findBox(engine: Engine, given: string, signal?: AbortSignal): Promise<Box> {
	const boxes = await listBoxes(engine, signal);
	const box =
		boxes.find(({name}) => name === given || `${containerPrefix}${name}` === given) ??
		boxes.find(({id}) => given.length >= 6 && id.startsWith(given));
	if (box) {
		return box;
	}

	const similar = mostSimilar(
		given,
		boxes.map(({name}) => name),
	);
	throw new Failure(`There is no box named "${given}".`, {
		fix: similar ? `Did you mean "${similar}"? All boxes: gpubox ls` : 'All boxes: gpubox ls. A new one: gpubox up',
		exitCode: exitCode.noSuchBox,
	});
}
