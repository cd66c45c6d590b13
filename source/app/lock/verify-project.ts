import {exitCode, Failure} from '../../base/failure.ts';
import type {Box} from '../../box/box.ts';
import {mayEnter, refuseToEnter} from '../../box/enter.ts';
import {readGpusOfHost} from '../../box/gpus/availability.ts';
import {derivedFromId} from '../../box/layer-labels.ts';
import {findBox, listBoxes} from '../../box/list.ts';
import {makeRequest} from '../../box/plan/request.ts';
import {layerNames, layersFor} from '../../box/up/image/obtain-image.ts';
import {refuseNotRunning} from '../../box/up/not-running.ts';
import {type Engine, EngineError, type Image} from '../../engine/engine.ts';
import type {Host} from '../../host/host.ts';
import {compareLock, type Difference, isSame, type Observed} from '../../job/lock/compare.ts';
import {readInsideBox, readInsideImage} from '../../job/lock/inside.ts';
import {hashInputs, hashRootfs, type Lock} from '../../job/lock/lock.ts';
import {digestOf} from '../../job/lock/make.ts';
import {pinnedReference, pinOf} from '../../job/lock/pins.ts';
import {staleBecause} from '../../job/lock/stale.ts';
import {safeText} from '../../text/safe.ts';
import {loadCatalogue, loadImageRoom} from '../images/local-images.ts';
import {buildSettings, type Effective, loadSettings} from '../load-settings.ts';
import {aptNames, layerHashes} from './lock-project.ts';
import {lockInputs, readLockState} from './project-lock.ts';

export type VerifyOptions = {
	/** Asks the registry, too. */
	remote: boolean;
	/** Other packages do not fail it. */
	allowPackages: boolean;
	/** Look into this image, which was built on the locked one, instead of a box. */
	image?: string | undefined;
	signal: AbortSignal;
};

export type VerifyResult = {
	/** The box that was looked into; undefined when there was none to look into. */
	box: string | undefined;
	/** Whether the packages were compared, in the box or in the image. */
	looked: 'box' | 'image' | 'built' | 'nothing';
	differences: Difference[];
	passed: boolean;
};

/**
`gpubox verify`: compares the project's lock with gpubox.yaml, the image on this host, the project's running box (or the one named) and the
host. Nothing is pulled or built.

@throws Failure, EngineError
*/
export async function verifyProject(
	host: Host,
	name: string | undefined,
	options: VerifyOptions,
): Promise<VerifyResult> {
	const {signal} = options;
	const box = name === undefined ? undefined : await boxNamed(host, name, signal);
	const effective = await loadSettings(box?.projectPath ?? '.');
	const state = await readLockState(effective);
	if (state.kind !== 'current' && state.kind !== 'stale') {
		throw new Failure(`${safeText(effective.project)} has no gpubox.lock.`, {
			fix: 'Create it: gpubox lock',
			exitCode: exitCode.usage,
		});
	}

	const {lock} = state;
	const {image} = options;
	const running = image === undefined ? (box ?? (await boxHere(host, effective.project, signal))) : undefined;
	const [cheap, registry, hostFacts] = await Promise.all([
		observeImage(host, effective, lock, signal),
		options.remote ? askRegistry(host.engine, lock, signal) : undefined,
		observeHost(host, signal),
	]);
	const {observed, built, inside}: Looked = running
		? await observeBox(host, running, effective, lock, signal)
		: image === undefined
			? await observeLockedImage(host, effective, lock, cheap.lockedImage, signal)
			: await observeBuilt(host, image, effective, lock, signal);
	const inputs = lockInputs(effective);
	const differences = compareLock(lock, {
		inputs: hashInputs(inputs),
		changed: staleBecause(lock, inputs),
		postCreate: effective.settings.postCreate !== undefined,
		projectEnvironment: effective.settings.env ?? {},
		image: cheap.image,
		layers: cheap.layers,
		...(registry ? {registry} : {}),
		...(observed ? {box: observed} : {}),
		...(built ? {built} : {}),
		...(inside ? {inside} : {}),
		...(hostFacts ? {host: hostFacts} : {}),
	});
	return {
		box: running?.name,
		looked: running ? 'box' : built ? 'built' : inside ? 'image' : 'nothing',
		differences: differences.map(({what, locked, found, where, severity, fix}) => ({
			what,
			locked,
			found,
			where,
			severity,
			fix,
		})),
		passed: isSame(differences, options),
	};
}

async function boxNamed(host: Host, name: string, signal: AbortSignal): Promise<Box> {
	const box = await findBox(host, name, signal);
	if (!mayEnter(host, box)) {
		throw refuseToEnter(box);
	}

	refuseNotRunning(box, exitCode.checkFailed);

	return box;
}

async function boxHere(host: Host, project: string, signal: AbortSignal): Promise<Box | undefined> {
	const boxes = await listBoxes(host, signal);
	return boxes.find(({mine, projectPath, state}) => mine && projectPath === project && state === 'running');
}

type CheapFacts = Pick<Observed, 'image' | 'layers'> & {lockedImage: Image | undefined};

async function observeImage(host: Host, effective: Effective, {image}: Lock, signal: AbortSignal): Promise<CheapFacts> {
	const [tagged, pinned, provides] = await Promise.all([
		host.engine.inspectImage(image.reference, signal),
		host.engine.inspectImage(pinnedReference(image), signal),
		providesOf(host, image.reference, effective, signal),
	]);
	const lockedImage = [pinned, tagged].find((found) => found && hashRootfs(found.layers) === image.rootfs);
	return {
		image: {
			tagged: tagged
				? {
						digest: digestOf(image.reference, tagged.digests, image.digest),
						rootfs: hashRootfs(tagged.layers),
						platform: tagged.platform,
					}
				: null,
			lockedHere: lockedImage !== undefined,
		},
		layers: layerHashes(makeRequest({}, effective), {provides}),
		lockedImage,
	};
}

async function providesOf(host: Host, reference: string, {winners}: Effective, signal: AbortSignal) {
	const [image, catalogue, {surelyProvides}] = await Promise.all([
		host.engine.inspectImage(reference, signal),
		loadCatalogue(winners),
		loadImageRoom(),
	]);
	return surelyProvides(reference, image, catalogue);
}

async function askRegistry(
	engine: Engine,
	{image}: Lock,
	signal: AbortSignal,
): Promise<NonNullable<Observed['registry']>> {
	try {
		const [digest, locked] = await Promise.all([
			engine.registryDigest(image.reference, signal),
			image.digest === null ? undefined : engine.registryDigest(pinnedReference(image), signal),
		]);
		return {digest: digest ?? null, hasLocked: locked !== undefined};
	} catch (error) {
		signal.throwIfAborted();
		if (!(error instanceof EngineError)) {
			throw error;
		}

		return {problem: `the registry gave no answer: ${error.message}`};
	}
}

async function observeHost(host: Host, signal: AbortSignal): Promise<Observed['host']> {
	const {inventory} = await readGpusOfHost(host, signal);
	const {driverVersion, gpus} = inventory;
	// A host without any driver, such as a CI machine, can compare everything else.
	return driverVersion === null && gpus.length === 0
		? undefined
		: {driver: driverVersion, gpus: gpus.map(({index, name, computeCapability}) => ({index, name, computeCapability}))};
}

type Looked = {observed?: Observed['box']; built?: Observed['built']; inside?: Observed['inside']};

async function observeBox(
	{engine}: Host,
	box: Box,
	effective: Effective,
	lock: Lock,
	signal: AbortSignal,
): Promise<Looked> {
	const [base, found, changes] = await Promise.all([
		baseOf(engine, box.imageId, signal),
		readInsideBox(engine, box, aptNames(makeRequest({}, effective)), signal),
		engine.changes(box.id, signal),
	]);
	return {
		observed: {
			name: box.name,
			onLockedImage: base === undefined ? null : hashRootfs(base.layers) === lock.image.rootfs,
			image: safeText(box.image),
		},
		inside: {found, where: `box ${box.name}`, changes, imageEnvironment: base?.environment ?? {}},
	};
}

/** The image below the layers of gpubox; undefined when the engine no longer has it. */
async function baseOf(engine: Engine, id: string, signal: AbortSignal): Promise<Image | undefined> {
	const image = await engine.inspectImage(id, signal);
	const base = image?.labels[derivedFromId];
	return base === undefined ? image : engine.inspectImage(base, signal);
}

/** The name of what `up` starts from a locked base; undefined when that is the base itself. Pure. */
export function lockedLayerName(
	base: Pick<Image, 'id'>,
	effective: Pick<Effective, 'project' | 'winners' | 'settings'>,
	lock: Lock,
): string | undefined {
	const request = makeRequest({}, effective);
	const services = lock.layers.install === undefined ? [] : request.services;
	const layers = layersFor({...request, services}, {provides: [], pin: pinOf(lock)});
	return layerNames(base.id, lock.image.reference, layers, buildSettings(effective.settings)).at(-1);
}

/** Without a box: the image that one would start from, if it is here. */
async function observeLockedImage(
	{engine}: Host,
	effective: Effective,
	lock: Lock,
	base: Image | undefined,
	signal: AbortSignal,
): Promise<Looked> {
	if (base === undefined) {
		return {};
	}

	const request = makeRequest({}, effective);
	const name = lockedLayerName(base, effective, lock);
	const image = name === undefined ? base : await engine.inspectImage(name, signal);
	if (image === undefined) {
		return {};
	}

	const found = await readInsideImage(engine, image.id, aptNames(request), signal);
	// In a container of its own the environment is the image's.
	return {inside: {found: {...found, environment: {}}, where: 'the image', changes: [], imageEnvironment: {}}};
}

/** An image that was built on the locked one. @throws Failure (check failed) when it is not here */
async function observeBuilt(
	{engine}: Host,
	reference: string,
	effective: Effective,
	lock: Lock,
	signal: AbortSignal,
): Promise<Looked> {
	const image = await engine.inspectImage(reference, signal);
	const name = safeText(reference);
	if (image === undefined) {
		throw new Failure(`${name} is not on this host.`, {fix: `gpubox pull ${name}`, exitCode: exitCode.checkFailed});
	}

	const found = await readInsideImage(engine, image.id, aptNames(makeRequest({}, effective)), signal);
	return {
		built: {
			reference: name,
			// The lock has a hash over all layers of the base, and this image has some more on top.
			onLockedImage: image.layers.some(
				(_, index) => hashRootfs(image.layers.slice(0, index + 1)) === lock.image.rootfs,
			),
		},
		inside: {found: {...found, environment: {}}, where: `image ${name}`, changes: [], imageEnvironment: {}},
	};
}
