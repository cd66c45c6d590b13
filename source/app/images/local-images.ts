/** What `up`, `images` and the session's screen share: which images there are to choose from on a host. */
import {exitCode, Failure} from '../../base/failure.ts';
import {derivedFrom} from '../../box/layer-labels.ts';
import type {Engine, EngineInfo, Image, ImageSummary} from '../../engine/engine.ts';
import type {Host} from '../../host/host.ts';
import type {Catalogue} from '../../image/catalogue/catalogue.ts';
import type {Candidate} from '../../image/catalogue/suggest.ts';
import {readFreeDisk} from '../../image/pull/free-disk.ts';
import type {Sourced} from '../../settings/merge.ts';
import {safeText} from '../../text/safe.ts';

/**
Loads the code that judges images. Requests to engine and driver that were made just before are sent first, so that they are answered
while this is loading.
*/
export async function loadImageRoom() {
	// `node:timers/promises` would be loaded for it.
	await new Promise((resolve) => setImmediate(resolve));
	return import('../../image/index.ts');
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
		own.length === 0 ? undefined : import('../../image/catalogue/team-images.ts'),
	]);
	return withTeamImages(team ? own.flatMap(({value, origin}) => team.readTeamImages([value], origin.where)) : []);
}

/** The images that the engine has, without those that gpubox built. @throws EngineError */
export async function readLocalImages(engine: Engine, signal?: AbortSignal): Promise<Image[]> {
	return inspectOffered(engine, await engine.listImages(signal), signal);
}

/** The same from a list that was read already. @throws EngineError */
export async function inspectOffered(
	engine: Engine,
	all: readonly ImageSummary[],
	signal?: AbortSignal,
): Promise<Image[]> {
	const offered = all.filter(
		({labels, tags, digests}) => labels[derivedFrom] === undefined && tags.length + digests.length > 0,
	);
	const inspected = await Promise.all(offered.map(({id}) => engine.inspectImage(id, signal)));
	// One that was removed since it was listed is left out.
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
		throw new Failure(`No known image of the family "${safeText(family)}".`, {
			fix: `Known families: ${[...known].join(', ')}. Or specify an image: --image`,
			exitCode: exitCode.usage,
		});
	}

	return own;
}

/** Bytes free where the engine keeps images; null for an engine on another machine, and for the demo's. */
export async function freeDiskOf(host: Host, engine: EngineInfo | undefined): Promise<number | null> {
	return engine !== undefined && host.engine.local && !host.demo ? readFreeDisk(engine.rootDirectory) : null;
}
