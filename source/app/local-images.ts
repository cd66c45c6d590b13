/** What `up`, `images` and the session's screen share: which images there are to choose from on a host. */
import {setImmediate as nextTurn} from 'node:timers/promises';
import {exitCode, Failure} from '../base/failure.ts';
import {derivedFrom} from '../box/layer-labels.ts';
import type {Engine, EngineInfo, Image, ImageSummary} from '../engine/engine.ts';
import type {Host} from '../host/host.ts';
import type {Catalogue} from '../image/catalogue/catalogue.ts';
import type {Candidate} from '../image/catalogue/suggest.ts';
import {readFreeDisk} from '../image/pull/free-disk.ts';
import type {Sourced} from '../settings/merge.ts';
import {safeText} from '../text/safe.ts';

/**
All that decides about images. What was asked of engine and driver just before is sent first, so that they answer while this is
being loaded.
*/
export async function loadImageRoom() {
	await nextTurn();
	return import('../image/index.ts');
}

/**
The catalogue with the team's own images from the settings.

@param winners of the settings
@throws Failure (usage) for an entry of the wrong shape
*/
export async function loadCatalogue(winners: readonly Sourced[]): Promise<Catalogue> {
	const own = winners.filter(({key}) => key === 'images');
	const [{withTeamImages}, team] = await Promise.all([
		loadImageRoom(),
		own.length === 0 ? undefined : import('../image/catalogue/team-images.ts'),
	]);
	return withTeamImages(team ? own.flatMap(({value, origin}) => team.readTeamImages([value], origin.where)) : []);
}

/** What the engine has, without the images that gpubox derived from others. @throws EngineError */
export async function readLocalImages(engine: Engine, signal?: AbortSignal): Promise<Image[]> {
	return inspectOffered(engine, await engine.listImages(signal), signal);
}

/** The same out of a list that was asked for already. @throws EngineError */
export async function inspectOffered(
	engine: Engine,
	all: readonly ImageSummary[],
	signal?: AbortSignal,
): Promise<Image[]> {
	const offered = all.filter(
		({labels, tags, digests}) => labels[derivedFrom] === undefined && tags.length + digests.length > 0,
	);
	const inspected = await Promise.all(offered.map(({id}) => engine.inspectImage(id, signal)));
	// One that was removed since it was listed is none.
	return inspected.filter((image) => image !== undefined);
}

/** Those of one family, or all. @throws Failure (usage) when there is none of it */
export function ofFamily(offered: readonly Candidate[], family: string | undefined): readonly Candidate[] {
	if (family === undefined) {
		return offered;
	}

	const own = offered.filter(({image}) => image.family === family);
	if (own.length === 0) {
		const known = new Set(offered.flatMap(({image}) => image.family ?? []));
		throw new Failure(`No image of the family "${safeText(family)}" is known.`, {
			fix: `Known are: ${[...known].join(', ')}. Or name an image: --image`,
			exitCode: exitCode.usage,
		});
	}

	return own;
}

/** Bytes free where the engine keeps images; null where it is on another machine, or made up. */
export async function freeDiskOf(host: Host, engine: EngineInfo | undefined): Promise<number | null> {
	return engine !== undefined && host.engine.local && !host.demo ? readFreeDisk(engine.rootDirectory) : null;
}
