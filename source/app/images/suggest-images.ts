import type {Diagnostic} from '../../base/failure.ts';
import type {Box} from '../../box/box.ts';
import {derivedFrom, derivedFromId} from '../../box/layer-labels.ts';
import {listBoxes} from '../../box/list.ts';
import {type EngineInfo, type Image, type ImageSummary, isNoEngine} from '../../engine/engine.ts';
import type {GpuFacts} from '../../gpu/gpu.ts';
import {readInventory} from '../../gpu/inventory.ts';
import type {Host} from '../../host/host.ts';
import type {Suggestion} from '../../image/catalogue/suggest.ts';
import type {Freshness} from '../../image/freshness.ts';
import {type Effective, loadReadableSettings} from '../load-settings.ts';
import {freeDiskOf, inspectOffered, loadCatalogue, loadImageRoom, ofFamily} from './local-images.ts';

export type BoxFreshness = Freshness & {name: string; image: string};

/** What `images` and the session's screen show. */
export type Offer = {
	suggestions: Suggestion[];
	/** Bytes on this host, by the reference of a suggestion. */
	sizes: ReadonlyMap<string, number>;
	boxes: BoxFreshness[];
	gpus: GpuFacts[];
	/** The engine answered. */
	engine: boolean;
	/** Why a part is missing. */
	troubles: Diagnostic[];
};

/** Requests everything at once; a missing engine is reported, and the images are judged anyway. */
async function ask(host: Host, signal: AbortSignal) {
	const {engine} = host;
	const askEngine = async () => {
		const listing = engine.listImages(signal);
		const [info, local, {boxes, bases}] = await Promise.all([
			engine.info(signal),
			listing.then((summaries) => inspectOffered(engine, summaries, signal)),
			Promise.all([listBoxes(host, signal), listing]).then(async ([boxes, summaries]) => ({
				boxes,
				bases: await readBases(host, boxes, summaries, signal),
			})),
		]);
		return {info, local, boxes, bases};
	};
	const [inventory, found] = await Promise.all([
		readInventory(host.nvidiaSmi, {signal}),
		askEngine().catch(async (error: unknown) => {
			if (isNoEngine(error)) {
				const {explain} = await import('../../host/remedies.ts');
				const {message, fix} = explain(error, engine.address);
				return {trouble: {message, fix}};
			}

			throw error;
		}),
	]);
	return {inventory, found};
}

type Base = {reference: string; id: string; createdAt: Date | null};

/** The image below each box, by the box's name. Where that is no longer known, the box is left out. */
async function readBases(
	{engine}: Host,
	boxes: readonly Box[],
	summaries: readonly ImageSummary[],
	signal: AbortSignal,
): Promise<Map<string, Base>> {
	const byId = new Map(summaries.map((image) => [image.id, image]));
	const bases = await Promise.all(
		boxes.map(async (box): Promise<[string, Base] | undefined> => {
			const own = byId.get(box.imageId) ?? (await engine.inspectImage(box.imageId, signal));
			const derived = own?.labels[derivedFrom] !== undefined;
			const id = derived ? own?.labels[derivedFromId] : box.imageId;
			if (id === undefined) {
				return undefined;
			}

			const image = byId.get(id) ?? (await engine.inspectImage(id, signal));
			return image && [box.name, {reference: box.image, id: image.id, createdAt: image.createdAt ?? null}];
		}),
	);
	return new Map(bases.filter((entry) => entry !== undefined));
}

/**
The images for a host, best first, and how old the bases of its boxes are. Driver and engine are queried before the judge is
loaded, so that they work meanwhile.

@param settings of the current folder
@throws Failure (usage) for a wrong entry of the team's own images; EngineError
*/
export async function makeOffer(host: Host, gathering: Promise<Effective>, signal: AbortSignal): Promise<Offer> {
	const asking = ask(host, signal);
	const judging = loadImageRoom();
	const settings = gathering.then(async (effective) => ({
		effective,
		catalogue: await loadCatalogue(effective.winners),
	}));
	const [{inventory, found}, {candidates, fitFacts, freshness, identifyAll, suggest}, {effective, catalogue}] =
		await Promise.all([asking, judging, settings]);
	const info: EngineInfo | undefined = 'info' in found ? found.info : undefined;
	const local: Image[] = 'info' in found ? found.local : [];
	const facts = fitFacts(inventory, info, {
		freeDiskBytes: await freeDiskOf(host, info),
	});
	const suggestions = suggest(
		facts,
		ofFamily(candidates(catalogue, identifyAll(local, catalogue)), effective.settings.family),
		{services: effective.settings.services ?? []},
	);

	const fitting = suggestions.filter(({judgement}) => judgement.fits === true).map(({image}) => image);
	const builds = local.flatMap(({tags, id, createdAt}) =>
		tags.map((reference) => ({reference, id, createdAt: createdAt ?? null})),
	);
	const now = new Date();
	// Most boxes of a host are made from a few images, and each is held against all of the catalogue.
	const judged = new Map<string, Freshness>();
	const freshnessOf = (base: Base) => {
		const key = `${base.reference} ${base.id} ${base.createdAt?.getTime()}`;
		const known = judged.get(key) ?? freshness(base, {now, local: builds, offered: fitting});
		judged.set(key, known);
		return known;
	};
	return {
		suggestions,
		sizes: new Map(
			local.flatMap(({tags, digests, sizeBytes}) => [...tags, ...digests].map((name) => [name, sizeBytes])),
		),
		boxes:
			'info' in found
				? found.boxes.flatMap(({name}) => {
						const base = found.bases.get(name);
						return base ? [{name, image: base.reference, ...freshnessOf(base)}] : [];
					})
				: [],
		gpus: inventory.gpus,
		engine: 'info' in found,
		troubles: [...inventory.problems.slice(0, 1), ...('trouble' in found ? [found.trouble] : [])].map(
			({message, fix}) => ({message, fix}),
		),
	};
}

/** For the current folder, without what of its settings cannot be read. @throws as makeOffer */
export async function offerHere(host: Host, signal: AbortSignal): Promise<Offer> {
	const troubles: Diagnostic[] = [];
	const settings = loadReadableSettings('.', {
		files: !host.demo,
		onTrouble: ({message, details, fix}) => troubles.push({message: [message, ...details].join(' '), fix}),
	});
	const offer = await makeOffer(host, settings, signal);
	return {...offer, troubles: [...offer.troubles, ...troubles]};
}
