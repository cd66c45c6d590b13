import {statSync} from 'node:fs';
import {exitCode, Failure} from '../../base/failure.ts';
import {homeFolder} from '../../base/home.ts';
import {writeFileAtomic} from '../../base/safe-files.ts';
import {readSmallFile} from '../../base/small-file.ts';
import {makeRequest} from '../../box/plan/request.ts';
import type {BoxRequest} from '../../box/plan/types.ts';
import {type BuildSettings, derivedFiles, packageFiles} from '../../box/up/image/build-layers.ts';
import {derive, layerNames, layersFor, pullChosen} from '../../box/up/image/obtain-image.ts';
import type {ChosenImage, UpStep} from '../../box/up/types.ts';
import {findDockerProxies} from '../../engine/docker-proxies.ts';
import {EngineError, type Image} from '../../engine/engine.ts';
import type {Host} from '../../host/host.ts';
import {readInsideImage} from '../../job/lock/inside.ts';
import {hashFiles, hashRootfs, type Lock} from '../../job/lock/lock.ts';
import {digestOf, makeLock} from '../../job/lock/make.ts';
import {pinnedReference, pinOf} from '../../job/lock/pins.ts';
import {writeLock} from '../../job/lock/write.ts';
import {safeText} from '../../text/safe.ts';
import {chooseForProject} from '../environment.ts';
import {buildSettings, type Effective, loadSettings} from '../load-settings.ts';
import {lockInputs, lockPath, readLockState} from './project-lock.ts';

export type LockOptions = {
	directory: string;
	/** Takes the newest of everything, whatever an earlier lock says. */
	upgrade: boolean;
	report: (step: UpStep) => void;
	signal: AbortSignal;
};

export type LockResult = {
	path: string;
	/** False when the file said the same already. */
	changed: boolean;
	lock: Lock;
	/** What the user should know of it. Safe to print. */
	warnings: string[];
};

/**
`gpubox lock`: the environment that `up` would start here, written down exactly. A lock that is current is kept to, so that locking again
changes nothing; otherwise image and packages are what the names in gpubox.yaml mean now.

@throws Failure, EngineError
*/
export async function lockProject(host: Host, options: LockOptions): Promise<LockResult> {
	const {report, signal, upgrade} = options;
	const effective = await loadSettings(options.directory);
	if (!host.engine.local) {
		throw new Failure(
			`The engine at ${host.engine.address} runs on another machine, which does not have this folder.`,
			{
				fix: 'Lock it there: ssh to that machine, go to the project and run gpubox lock',
				exitCode: exitCode.usage,
			},
		);
	}

	const request = makeRequest({}, effective);
	const settings = buildSettings(effective.settings);
	const before = upgrade ? undefined : await currentLock(host, effective, signal);
	const chosen = await chooseForProject(host, effective, before, options);
	const proxies = findDockerProxies(host.engine.address, process.env, homeFolder(process.env))?.variables;
	const building = {settings, report, signal, proxies, fresh: upgrade};
	const base = (upgrade ? undefined : chosen.base) ?? (await pullOrKeep(host, chosen, building));
	const layers = layersFor(request, chosen);
	const {name: image} = await derive(host, base.id, chosen, layers, building);
	const inside = await readInsideImage(host.engine, image, aptNames(request), signal);
	const {digest, warnings} = await digestInRegistry(host, chosen.reference, base, before, signal);
	const made = makeLock({
		inputs: lockInputs(effective),
		reference: chosen.reference,
		digest,
		base,
		layers: layerHashes(request, chosen),
		inside,
	});
	const lock = keepHistory(made, upgrade ? await currentLock(host, effective, signal) : before);
	const path = lockPath(effective.project);
	const changed = saveLock(lock, effective.project);
	await nameLocked(host, lock, {request, chosen, base, settings, signal});
	return {path, changed, lock, warnings: [...warnings, ...(inside.problem === null ? [] : [inside.problem])]};
}

/** The names of packages as dpkg knows them. */
export function aptNames({packages}: Pick<BoxRequest, 'packages'>): string[] {
	return (packages?.apt ?? []).map((name) => name.replace(/[=/].*$/, '')).sort();
}

/** Hashes of what gpubox puts on the image, without what a lock adds to it. */
export function layerHashes(
	request: Pick<BoxRequest, 'services' | 'packages'>,
	{provides}: Pick<ChosenImage, 'provides'>,
): Lock['layers'] {
	const complete = request.services.every((service) => provides.includes(service));
	return {
		...(complete ? {} : {install: hashFiles(derivedFiles())}),
		...(request.packages ? {packages: hashFiles(packageFiles(request.packages))} : {}),
	};
}

/** The lock to keep to. One about an image that no registry has, and that is another one here by now, is not kept to. */
async function currentLock(host: Host, effective: Effective, signal: AbortSignal): Promise<Lock | undefined> {
	const state = await readLockState(effective);
	if (state.kind !== 'current') {
		return undefined;
	}

	const {image} = state.lock;
	if (image.digest !== null) {
		return state.lock;
	}

	const here = await host.engine.inspectImage(image.reference, signal);
	return here && hashRootfs(here.layers) === image.rootfs ? state.lock : undefined;
}

/** For `--upgrade` the name is pulled again; an image that no registry has stays what it is. */
async function pullOrKeep(
	host: Host,
	chosen: ChosenImage,
	options: {settings: BuildSettings; report: (step: UpStep) => void; signal: AbortSignal},
): Promise<Image> {
	try {
		const image = await pullChosen(host, chosen, options);
		if (image) {
			return image;
		}
	} catch (error) {
		options.signal.throwIfAborted();
		if (!(error instanceof EngineError && chosen.base)) {
			throw error;
		}

		options.report({kind: 'note', text: `${safeText(chosen.reference)} could not be pulled: ${error.message}`});
	}

	if (chosen.base === undefined) {
		throw new Failure(`${safeText(chosen.reference)} was pulled, but the engine does not have it.`, {
			fix: 'Run it again.',
		});
	}

	return chosen.base;
}

/**
An image that was built here can have a digest too (in containerd's image store), which no one could pull: the registry is asked. Without an
answer the engine's word is taken.
*/
async function digestInRegistry(
	{engine}: Host,
	reference: string,
	base: Image,
	before: Lock | undefined,
	signal: AbortSignal,
): Promise<{digest: string | null; warnings: string[]}> {
	const digest = digestOf(reference, base.digests, before?.image.digest);
	const name = safeText(reference);
	const local = `${name} has no digest of a registry: others cannot fetch this very image. Push it first, or hand it on: docker save ${name}`;
	if (digest === null) {
		return {digest, warnings: [local]};
	}

	try {
		const there = await engine.registryDigest(pinnedReference({reference, digest}), signal);
		return there === undefined ? {digest: null, warnings: [local]} : {digest, warnings: []};
	} catch (error) {
		signal.throwIfAborted();
		if (!(error instanceof EngineError)) {
			throw error;
		}

		return {
			digest,
			warnings: [`The registry of ${name} could not be asked whether it has this image: ${error.message}`],
		};
	}
}

/** What is looked up of an image that was just made. */
export type MadeImage = {
	request: BoxRequest;
	chosen: ChosenImage;
	base: Image;
	settings: BuildSettings;
	signal: AbortSignal;
};

/**
Gives the layers that are here the names that they have under the lock: they hold what it demands, so nothing is built again on this host.
*/
export async function nameLocked(
	{engine}: Host,
	lock: Lock,
	{request, chosen, base, settings, signal}: MadeImage,
): Promise<void> {
	const {reference} = chosen;
	const names = (pin: ChosenImage['pin']) =>
		layerNames(base.id, reference, layersFor(request, {provides: chosen.provides, ...(pin ? {pin} : {})}), settings);
	const locked = names(pinOf(lock));
	for (const [index, name] of names(chosen.pin).entries()) {
		const target = locked[index];
		const image = target === name ? undefined : await engine.inspectImage(name, signal);
		if (image && target) {
			await engine.tagImage(image.id, target, signal);
		}
	}
}

/** What was pushed, and what there was before, are still true of an environment that did not change. */
function keepHistory(made: Lock, before: Lock | undefined): Lock {
	const {pushed, previous, ...environment} = before ?? made;
	return writeLock(environment) === writeLock(made)
		? {...made, ...(pushed ? {pushed} : {}), ...(previous ? {previous} : {})}
		: made;
}

/** Writes the lock of a project. @returns whether it changed. @throws Failure */
export function saveLock(lock: Lock, project: string): boolean {
	const path = lockPath(project);
	const text = writeLock(lock);
	try {
		if (readSmallFile(path, {maxBytes: 4 * 1024 ** 2}).toString('utf8') === text) {
			return false;
		}
	} catch {
		// There is none yet, or it is not readable; writing says so then.
	}

	try {
		// With the owner of the project: root may be locking it for another user.
		const {uid, gid} = statSync(project);
		writeFileAtomic(path, text, {anyFolder: true, owner: {uid, gid}});
		return true;
	} catch (error) {
		throw new Failure(`Cannot write ${safeText(path)}: ${safeText((error as Error).message)}`, {
			fix: 'Check the folder and its permissions.',
			cause: error,
		});
	}
}
