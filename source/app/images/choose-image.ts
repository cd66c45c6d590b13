import {exitCode, Failure} from '../../base/failure.ts';
import type {Box} from '../../box/box.ts';
import type {GpuSelection} from '../../box/gpus/allocate.ts';
import {listBoxes, onlyBoxes} from '../../box/list.ts';
import type {ChosenImage, ImageFacts} from '../../box/up/types.ts';
import type {Image} from '../../engine/engine.ts';
import type {Host} from '../../host/host.ts';
import type {FitFacts, Judgement} from '../../image/image.ts';
import {refuseOwnLayer} from '../../image/reference.ts';
import {hashRootfs, type Lock} from '../../job/lock/lock.ts';
import {pinnedReference, pinOf} from '../../job/lock/pins.ts';
import type {Sourced} from '../../settings/merge.ts';
import {safeText} from '../../text/safe.ts';
import {freeDiskOf, loadCatalogue, loadImageRoom, ofFamily, readLocalImages} from './local-images.ts';

export type ImageWish = {
	/** The image named. */
	image: string | undefined;
	/** The project's folder: without a name, its image is that of the caller's box for it. */
	project: string;
	/** Use an image that does not fit, after reporting why it does not. */
	force: boolean;
	/** Of the settings: `family` and the team's own `images` are read. */
	winners: readonly Sourced[];
	/** The project's lock: the image is the locked one. */
	lock?: Lock | undefined;
	signal: AbortSignal;
};

/**
The image of a project: the one named, judged before anything is pulled, else that of the caller's box for it, else the one
recommended for this host. The engine is queried and the catalogue loaded while nvidia-smi is still running.

The promise rejects with Failure: the image does not fit; usage.
*/
export function imageChooser(host: Host, wish: ImageWish): (facts: Promise<ImageFacts>) => Promise<ChosenImage> {
	const {image, lock} = wish;
	if (lock) {
		return (facts) => takeLocked(host, {...wish, lock}, facts);
	}

	return (facts) => (image === undefined ? takeUnnamed(host, wish, facts) : judgeNamed(host, {...wish, image}, facts));
}

/** A project stays on the image that its box has: a job beside it, a check and its replacement take the same one. */
async function takeUnnamed(host: Host, wish: ImageWish, facts: Promise<ImageFacts>): Promise<ChosenImage> {
	// They may fail while the boxes are listed, before anything waits for them.
	facts.catch(() => {});
	const box = boxToMatch(await listBoxes(host, wish.signal), wish.project);
	if (box === undefined) {
		return takeBest(host, wish, facts);
	}

	const chosen = await judgeNamed(host, {...wish, image: box.image}, facts);
	return {...chosen, notes: [`Using ${safeText(box.image)}, the image of ${box.name}.`, ...chosen.notes]};
}

/** The caller's box for a project whose image counts there: a running one before others, then the newest. */
export function boxToMatch(boxes: readonly Box[], project: string): Box | undefined {
	return onlyBoxes(boxes)
		.filter((box) => box.mine && box.job === undefined && box.projectPath === project)
		.sort(
			(a, b) =>
				Number(b.state === 'running') - Number(a.state === 'running') || b.createdAt.getTime() - a.createdAt.getTime(),
		)[0];
}

/** @throws Failure when an image that no registry has is not here */
async function takeLocked(
	host: Host,
	wish: ImageWish & {lock: Lock},
	facts: Promise<ImageFacts>,
): Promise<ChosenImage> {
	const {reference, digest, rootfs} = wish.lock.image;
	const pin = pinOf(wish.lock);
	const chosen = await judgeNamed(host, {...wish, image: reference, base: findLocked(host, wish)}, facts);
	// A digest says what it names; a tag may have been moved.
	if (digest === null && (chosen.base === undefined || hashRootfs(chosen.base.layers) !== rootfs)) {
		throw new Failure(
			`${safeText(reference)} ${chosen.base ? 'is not the image of gpubox.lock' : 'is not on this host'}, and no registry has the locked one.`,
			{
				fix: `Load it from where the lock was made (docker save, docker load), lock the image that is here (gpubox lock), or start another one: --image`,
				exitCode: exitCode.imageDoesNotFit,
			},
		);
	}

	return {...chosen, pin};
}

/** The locked image, if the engine has it: under the registry's digest, or under its tag when it was pulled through a mirror. */
async function findLocked(
	{engine}: Host,
	{lock, signal}: {lock: Lock; signal: AbortSignal},
): Promise<Image | undefined> {
	const {reference, rootfs} = lock.image;
	const exact = await engine.inspectImage(pinnedReference(lock.image), signal);
	if (exact) {
		return exact;
	}

	const tagged = await engine.inspectImage(reference, signal);
	return tagged && (lock.image.digest === null || hashRootfs(tagged.layers) === rootfs) ? tagged : undefined;
}

async function judgeNamed(
	host: Host,
	{
		image: reference,
		base: given,
		force,
		winners,
		signal,
	}: ImageWish & {image: string; base?: Promise<Image | undefined>},
	gathering: Promise<ImageFacts>,
): Promise<ChosenImage> {
	refuseOwnLayer(reference);
	const [facts, base, catalogue, {identify, makeJudge, surelyProvides}] = await Promise.all([
		gathering,
		given ?? host.engine.inspectImage(reference, signal),
		loadCatalogue(winners),
		loadImageRoom(),
	]);
	const chosen: ChosenImage = {
		reference,
		provides: surelyProvides(reference, base, catalogue),
		notes: [],
		base,
	};
	const known = base ? identify(reference, base, catalogue) : catalogue.find(reference);
	if (known === undefined) {
		const note = `${safeText(reference)} is not in the catalogue; compatibility is unknown until it runs.`;
		return {...chosen, notes: [note]};
	}

	const judgement = makeJudge(await toFitFacts(host, facts, base !== undefined))(known, {local: base !== undefined});
	return {...chosen, ...(await settle(reference, judgement, facts.gpuSelection, force))};
}

async function takeBest(
	host: Host,
	{winners, signal}: ImageWish,
	gathering: Promise<ImageFacts>,
): Promise<ChosenImage> {
	const [facts, local, catalogue, {candidates, identifyAll, recommend, surelyProvides}] = await Promise.all([
		gathering,
		readLocalImages(host.engine, signal),
		loadCatalogue(winners),
		loadImageRoom(),
	]);
	const family = winners.find(({key}) => key === 'family')?.value;
	const offered = ofFamily(
		candidates(catalogue, identifyAll(local, catalogue)),
		family === undefined ? undefined : String(family),
	);
	const fitFacts = await toFitFacts(host, facts, false);
	const best = recommend(fitFacts, offered, {services: facts.services});
	if (best === undefined) {
		throw new Failure('No compatible image found.', {
			fix: 'To see why: gpubox images --all. To start one anyway: --image REF --force',
			exitCode: exitCode.imageDoesNotFit,
		});
	}

	const {reference} = best.image;
	const base = local.find(({tags, digests}) => tags.includes(reference) || digests.includes(reference));
	const {gpus} = await settle(reference, best.judgement, facts.gpuSelection, false);
	return {
		reference,
		provides: surelyProvides(reference, base, catalogue),
		notes: [`Using ${safeText(reference)}. ${best.why}`],
		base,
		...(gpus ? {gpus} : {}),
	};
}

/** What a judgement means for the request. @throws Failure when the image does not fit */
async function settle(
	reference: string,
	judgement: Judgement,
	request: GpuSelection,
	force: boolean,
): Promise<Pick<ChosenImage, 'notes' | 'gpus'>> {
	const name = safeText(reference);
	const {fits, reasons, usable, perGpu} = judgement;
	if (fits === true) {
		const worthTelling = judgement.notes.filter(
			({code}) => code === 'forward-compatibility' || code === 'compiled-at-start',
		);
		return {notes: worthTelling.map(({message}) => message)};
	}

	if (fits === 'unknown') {
		return {notes: [`Compatibility of ${name} unknown: ${reasons[0]?.message ?? ''}`]};
	}

	if (usable.length >= cardsNeeded(request)) {
		const left = perGpu.filter(({uuid}) => !usable.includes(uuid)).map(({index}) => index);
		return {
			gpus: usable,
			notes: [
				`${name} does not support every GPU here; GPU ${left.join(', ')} is skipped. ${reasons[0]?.message ?? ''}`,
			],
		};
	}

	if (force) {
		return {notes: reasons.map(({message}) => `${name} does not fit. ${message}`)};
	}

	const {refusal} = await import('../../image/index.ts');
	throw refusal(reference, judgement) ?? new Error('a judgement that refuses gives a reason');
}

/** How many of the GPUs must be able to use the image; infinite where each named one must. */
function cardsNeeded(request: GpuSelection): number {
	return request.kind === 'auto' ? 1 : request.kind === 'count' ? request.count : Number.POSITIVE_INFINITY;
}

async function toFitFacts(
	host: Host,
	{inventory, engine, gpuSelection}: ImageFacts,
	local: boolean,
): Promise<FitFacts> {
	const [{fitFacts}, freeDiskBytes] = await Promise.all([
		import('../../image/index.ts'),
		local ? null : freeDiskOf(host, engine),
	]);
	const none = {driverVersion: null, cudaVersion: null, gpus: []};
	return fitFacts(inventory ?? none, engine, {
		...(inventory && gpuSelection.kind === 'exact' ? {gpus: uuidsOf(gpuSelection.names, inventory.gpus)} : {}),
		freeDiskBytes,
	});
}

function uuidsOf(names: readonly string[], gpus: ReadonlyArray<{uuid: string; index: number}>): string[] {
	return names.map((name) => gpus.find(({index}) => String(index) === name)?.uuid ?? name);
}
