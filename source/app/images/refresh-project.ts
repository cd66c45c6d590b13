/** `gpubox refresh`: the newest build of the image that a project is locked to, beside the old one until it is agreed to. */
import {exitCode, Failure} from '../../base/failure.ts';
import {homeFolder} from '../../base/home.ts';
import {listBoxes} from '../../box/list.ts';
import {makeRequest} from '../../box/plan/request.ts';
import {derive, layerNames, layersFor} from '../../box/up/image/obtain-image.ts';
import type {ChosenImage, UpStep} from '../../box/up/types.ts';
import {findDockerProxies} from '../../engine/docker-proxies.ts';
import {EngineError, type Image} from '../../engine/engine.ts';
import type {Host} from '../../host/host.ts';
import {pullImage} from '../../image/pull/pull.ts';
import type {Difference} from '../../job/lock/compare.ts';
import {compareLocks} from '../../job/lock/compare-locks.ts';
import {type Inside, readInsideImage} from '../../job/lock/inside.ts';
import type {Lock, LockedEnvironment} from '../../job/lock/lock.ts';
import {makeLock} from '../../job/lock/make.ts';
import {pinnedReference} from '../../job/lock/pins.ts';
import {writeLock} from '../../job/lock/write.ts';
import {safeText} from '../../text/safe.ts';
import {buildSettings, type Effective, loadSettings} from '../load-settings.ts';
import {aptNames, layerHashes, nameLocked, saveLock} from '../lock/lock-project.ts';
import {lockInputs, readLockState} from '../lock/project-lock.ts';
import {checkNewImage, type ImageCheck} from './check-image.ts';
import {loadCatalogue, loadImageRoom} from './local-images.ts';

export type RefreshOptions = {
	directory: string;
	/** Return to what was locked before. */
	back: boolean;
	/** Show what would change, and change nothing. */
	dryRun: boolean;
	/** Asked once what would change is known. Undefined where no one can be asked: nothing is changed then. */
	agree: ((offer: Offer) => Promise<boolean>) | undefined;
	report: (step: UpStep) => void;
	signal: AbortSignal;
};

/** What would be swapped in. */
export type Offer = {
	reference: string;
	/** Digests; null for an image that no registry has. */
	from: string | null;
	to: string | null;
	differences: Difference[];
	check: ImageCheck;
};

export type RefreshResult = {
	reference: string;
	from: string | null;
	/** The same as `from` when there is no newer one. */
	to: string | null;
	differences: Difference[];
	check: ImageCheck | null;
	outcome: 'up-to-date' | 'swapped' | 'declined' | 'check-failed';
	/** The caller's boxes of the project that run what was locked before. */
	boxes: string[];
	/** What the user should know. Safe to print. */
	notes: string[];
};

/**
Looks for a newer image under the locked name, builds gpubox's layers on it, checks it, and locks it when the user agrees. Boxes stay what they
are. When the check fails, what was pulled and built for it is removed.

@throws Failure, EngineError
*/
export async function refreshProject(host: Host, options: RefreshOptions): Promise<RefreshResult> {
	const effective = await loadSettings(options.directory);
	if (!host.engine.local) {
		throw new Failure(
			`The engine at ${host.engine.address} runs on another machine, which does not have this folder.`,
			{
				fix: 'Refresh it there: ssh to that machine, go to the project and run gpubox refresh',
				exitCode: exitCode.usage,
			},
		);
	}

	const state = await readLockState(effective);
	if (state.kind !== 'current') {
		throw new Failure(
			state.kind === 'stale'
				? 'gpubox.lock is older than gpubox.yaml.'
				: `${safeText(effective.project)} has no gpubox.lock.`,
			{fix: 'Write it: gpubox lock', exitCode: exitCode.usage},
		);
	}

	return options.back ? goBack(host, effective, state.lock, options) : goOn(host, effective, state.lock, options);
}

async function goOn(host: Host, effective: Effective, lock: Lock, options: RefreshOptions): Promise<RefreshResult> {
	const {reference, digest} = lock.image;
	const name = safeText(reference);
	if (digest === null) {
		throw new Failure(
			`${name} was locked without a digest: no registry has it, so there is no newer one to look for.`,
			{
				fix: 'Push the image, then lock it by its digest: gpubox lock',
				exitCode: exitCode.usage,
			},
		);
	}

	const newest = await host.engine.registryDigest(reference, options.signal);
	if (newest === undefined) {
		throw new Failure(`The registry has no ${name} any more, or shows it only after a login.`, {
			fix: 'Log in: docker login REGISTRY. Or name another image in gpubox.yaml',
		});
	}

	if (newest === digest) {
		return {
			...{reference, from: digest, to: digest, differences: [], check: null, boxes: [], notes: []},
			outcome: 'up-to-date',
		};
	}

	const made = await makeBeside(host, effective, {...lock.image, digest: newest}, options);
	const candidate = {lock: made.lock, inside: made.inside, image: made.image};
	const differences = compareLocks(lock, made.lock, 'the newer image');
	const check = await checkNewImage(host, effective, candidate, options);
	const offer = {reference, from: digest, to: newest, differences, check};
	if (check.status === 'failed') {
		return {...offer, outcome: 'check-failed', boxes: [], notes: await removeAgain(host, made.added)};
	}

	if (options.dryRun || !(await options.agree?.(offer))) {
		// What was built stays: agreeing later takes no time then.
		return {...offer, outcome: 'declined', boxes: [], notes: []};
	}

	const {previous: _, ...before} = lock;
	await swap(host, effective, lock, {...made.lock, previous: before}, made.base, options);
	await nameLocked(host, made.lock, {...made, signal: options.signal});
	return {
		...offer,
		outcome: 'swapped',
		boxes: await boxesOfOthers(host, effective, made.image, options.signal),
		notes: notePushed(before),
	};
}

async function goBack(host: Host, effective: Effective, lock: Lock, options: RefreshOptions): Promise<RefreshResult> {
	const {previous, ...now} = lock;
	if (previous === undefined) {
		throw new Failure('gpubox.lock does not say what was locked before.', {
			fix: 'An older gpubox.lock may be in git: git log gpubox.lock',
			exitCode: exitCode.usage,
		});
	}

	if (previous.inputs !== now.inputs) {
		throw new Failure('gpubox.yaml has changed since that lock, which does not fit it any more.', {
			fix: 'Take both from git, or lock again: gpubox lock --upgrade',
			exitCode: exitCode.usage,
		});
	}

	const {engine} = host;
	const {signal} = options;
	const exact = pinnedReference(previous.image);
	if ((await engine.inspectImage(exact, signal)) === undefined) {
		await pull(host, effective, exact, options);
	}

	const base = await engine.inspectImage(exact, signal);
	const offer = {
		reference: previous.image.reference,
		from: now.image.digest,
		to: previous.image.digest,
		differences: compareLocks(now, previous, 'the one before'),
		// It was in use.
		check: {status: 'skipped', detail: 'it was locked before'} as const,
	};
	if (base === undefined) {
		throw new Failure(`${safeText(exact)} was pulled, but the engine does not have it.`, {fix: 'Run it again.'});
	}

	if (options.dryRun || !(await options.agree?.(offer))) {
		return {...offer, outcome: 'declined', boxes: [], notes: []};
	}

	await swap(host, effective, lock, {...previous, previous: now}, base, options);
	return {...offer, outcome: 'swapped', boxes: await boxesOfOthers(host, effective, base.id, signal), notes: []};
}

type Made = {
	lock: LockedEnvironment;
	inside: Inside;
	base: Image;
	/** With the layers: a name or an id. */
	image: string;
	request: ReturnType<typeof makeRequest>;
	chosen: ChosenImage;
	settings: ReturnType<typeof buildSettings>;
	/** What was not on this host before, the uppermost first. */
	added: string[];
};

/** Nothing that is there is renamed or replaced for it. */
async function makeBeside(
	host: Host,
	effective: Effective,
	image: LockedEnvironment['image'],
	options: RefreshOptions,
): Promise<Made> {
	const {engine} = host;
	const {signal, report} = options;
	const {reference, digest} = image;
	const exact = pinnedReference(image);
	const isHere = (name: string) => engine.inspectImage(name, signal).then((found) => found !== undefined);
	const added = (await isHere(exact)) ? [] : [exact];
	const request = makeRequest({}, effective);
	const settings = buildSettings(effective.settings);
	try {
		await pull(host, effective, exact, options);
		const base = await engine.inspectImage(exact, signal);
		if (base === undefined) {
			throw new Failure(`${safeText(exact)} was pulled, but the engine does not have it.`, {fix: 'Run it again.'});
		}

		const [catalogue, {surelyProvides}] = await Promise.all([loadCatalogue(effective.winners), loadImageRoom()]);
		const chosen: ChosenImage = {reference, provides: surelyProvides(reference, base, catalogue), notes: [], base};
		const layers = layersFor(request, chosen);
		for (const name of layerNames(base.id, reference, layers, settings)) {
			if (!(await isHere(name))) {
				added.unshift(name);
			}
		}

		const proxies = findDockerProxies(engine.address, process.env, homeFolder(process.env))?.variables;
		const derived = await derive(host, base.id, chosen, layers, {settings, report, signal, proxies});
		const name = layers.length === 0 ? exact : derived.name;
		const inside = await readInsideImage(engine, name, aptNames(request), signal);
		const lock = makeLock({
			...{inputs: lockInputs(effective), reference, digest, base, inside},
			layers: layerHashes(request, chosen),
		});
		return {lock, inside, base, image: name, request, chosen, settings, added};
	} catch (error) {
		await removeAgain(host, added);
		throw error;
	}
}

async function pull(
	{engine}: Host,
	{settings}: Effective,
	exact: string,
	{report, signal}: Pick<RefreshOptions, 'report' | 'signal'>,
): Promise<void> {
	await pullImage(engine, exact, {
		registryMirror: settings.build?.registryMirror,
		signal,
		onProgress: (progress) => report({kind: 'pull', image: exact, progress}),
		onRetry: (text) => report({kind: 'note', text}),
		onNote: (text) => report({kind: 'note', text}),
	});
}

/** @returns a note for each that could not be removed */
async function removeAgain({engine}: Host, names: readonly string[]): Promise<string[]> {
	const notes: string[] = [];
	for (const name of names) {
		try {
			// Not stopped by what interrupted the rest.
			await engine.removeImage(name);
		} catch (error) {
			if (error instanceof EngineError && error.code !== 'not-found') {
				notes.push(`${safeText(name)} stays on this host: ${error.message}`);
			}
		}
	}

	return notes;
}

/** The lock first: it decides what is started. The name follows, as it does when a tag is pulled. */
async function swap(
	{engine}: Host,
	effective: Effective,
	before: Lock,
	after: Lock,
	base: Image,
	{directory, signal}: Pick<RefreshOptions, 'directory' | 'signal'>,
): Promise<void> {
	const now = await readLockState(await loadSettings(directory));
	if (now.kind !== 'current' || writeLock(now.lock) !== writeLock(before)) {
		throw new Failure('gpubox.lock or gpubox.yaml was changed meanwhile; nothing was swapped.', {
			fix: 'Run it again: gpubox refresh',
		});
	}

	saveLock(after, effective.project);
	const {reference} = after.image;
	const tag = /:[^/]*$/.test(reference) ? reference : `${reference}:latest`;
	if (!reference.includes('@')) {
		await engine.tagImage(base.id, tag, signal);
	}
}

/** Boxes of the project that were created from something else. */
async function boxesOfOthers(host: Host, {project}: Effective, image: string, signal: AbortSignal): Promise<string[]> {
	const [boxes, found] = await Promise.all([listBoxes(host, signal), host.engine.inspectImage(image, signal)]);
	return boxes
		.filter(({mine, projectPath, imageId}) => mine && projectPath === project && imageId !== found?.id)
		.map(({name}) => name);
}

function notePushed({pushed}: LockedEnvironment): string[] {
	return pushed === undefined
		? []
		: [`${safeText(pushed.reference)} is made of what was locked before. To push the newer one: gpubox push`];
}
