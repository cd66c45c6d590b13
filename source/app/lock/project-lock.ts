/** The gpubox.lock of a project: finding it, and what it is about. The parser is loaded only when there is a file to read. */
import {existsSync} from 'node:fs';
import {join, relative} from 'node:path';
import {exitCode, Failure} from '../../base/failure.ts';
import {readSmallFile} from '../../base/small-file.ts';
import type {Box} from '../../box/box.ts';
import type {BoxRequest} from '../../box/plan/types.ts';
import type {BuildSettings} from '../../box/up/image/build-layers.ts';
import {layerNames, layersFor} from '../../box/up/image/obtain-image.ts';
import type {Host} from '../../host/host.ts';
import {type Lock, type LockInputs, type LockState, lockName, lockState} from '../../job/lock/lock.ts';
import {pinOf} from '../../job/lock/pins.ts';
import type {Sourced} from '../../settings/merge.ts';
import {safeText} from '../../text/safe.ts';
import type {Effective} from '../load-settings.ts';

export function lockPath(project: string): string {
	return join(project, lockName);
}

/** What gpubox.yaml itself says, whatever flags and the personal config say. */
export function lockInputs({winners, settings}: Pick<Effective, 'winners' | 'settings'>): LockInputs {
	const own = (key: string) => {
		const value = winners.find((winner) => winner.key === key && isOfProject(winner))?.value;
		return value === undefined ? undefined : String(value);
	};
	return {
		image: own('image'),
		family: own('family'),
		packages: {apt: settings.packages?.apt ?? [], pip: settings.packages?.pip ?? []},
		postCreate: own('postCreate'),
	};
}

function isOfProject({origin}: Sourced): boolean {
	return origin.place === 'gpubox.yaml';
}

/** As `lockState` says, or that the call brought an image of its own. */
export type ProjectLock = LockState | {kind: 'overridden'};

/** What the user should know of a lock that is not applied, in one line. */
export function noteLock(state: ProjectLock): string[] {
	switch (state.kind) {
		case 'stale':
			return ['gpubox.lock is older than gpubox.yaml and is not applied. To update it: gpubox lock'];
		case 'overridden':
			return ['gpubox.lock is not applied, because --image names another image.'];
		default:
			return [];
	}
}

/** @throws Failure unless the lock is applied: (usage) where there is none to apply, (check failed) where it is stale */
export async function requireLock(
	state: ProjectLock,
	effective: Pick<Effective, 'project' | 'winners' | 'settings'>,
): Promise<void> {
	switch (state.kind) {
		case 'current':
			return;
		case 'none':
			throw new Failure(`${safeText(effective.project)} has no gpubox.lock.`, {
				fix: 'Create it: gpubox lock',
				exitCode: exitCode.usage,
			});
		case 'overridden':
			throw new Failure('--locked runs the image of gpubox.lock, and --image names another.', {
				fix: 'Omit one of the two.',
				exitCode: exitCode.usage,
			});
		case 'stale': {
			const {staleBecause} = await import('../../job/lock/stale.ts');
			throw new Failure(`gpubox.lock is stale: ${staleBecause(state.lock, lockInputs(effective))}.`, {
				fix: 'Update it: gpubox lock',
				exitCode: exitCode.checkFailed,
			});
		}
	}
}

/** A note when a box was not created from what the lock names: an older box is used as it is. @throws EngineError */
export async function noteOtherImage(
	{engine}: Pick<Host, 'engine'>,
	lock: Lock,
	{
		box,
		request,
		settings,
		signal,
	}: {
		box: Pick<Box, 'name' | 'imageId'>;
		request: Pick<BoxRequest, 'packages'>;
		settings: BuildSettings;
		signal: AbortSignal;
	},
): Promise<string[]> {
	const pin = pinOf(lock);
	const base = await engine.inspectImage(pin.reference, signal);
	if (base === undefined) {
		return [];
	}

	// Whether the image needed the layer with the services is not asked again: it is one of these.
	const possible = [['jupyter', 'ssh'] as const, []].flatMap((services) =>
		layerNames(
			base.id,
			lock.image.reference,
			layersFor({services: [...services], ...request}, {provides: [], pin}),
			settings,
		).slice(-1),
	);
	const images = await Promise.all(possible.map((name) => engine.inspectImage(name, signal)));
	return [base, ...images].some((image) => image?.id === box.imageId)
		? []
		: [
				`${box.name} was not created from gpubox.lock as it is now. To compare: gpubox verify ${box.name}. To recreate it: gpubox up --recreate`,
			];
}

/**
Whether a project is locked and whether the lock is about its gpubox.yaml as it is now. With an image of the call's own (`--image`), the
lock is not asked about.

@throws Failure (usage) for a lock that cannot be read, with line and column
*/
export async function readLockState(
	effective: Pick<Effective, 'project' | 'winners' | 'settings'>,
): Promise<ProjectLock> {
	const path = lockPath(effective.project);
	if (!existsSync(path)) {
		return {kind: 'none'};
	}

	if (effective.winners.some(({key, origin}) => key === 'image' && origin.place === 'flag')) {
		return {kind: 'overridden'};
	}

	let text: string;
	try {
		text = readSmallFile(path, {maxBytes: 4 * 1024 ** 2}).toString('utf8');
	} catch (error) {
		throw new Failure(`Cannot read ${safeText(path)}: ${safeText((error as Error).message)}`, {
			fix: 'Make it a readable plain file, or remove it.',
			exitCode: exitCode.usage,
			cause: error,
		});
	}

	const {readLock} = await import('../../job/lock/read.ts');
	const short = relative(process.cwd(), path);
	return lockState(readLock(text, safeText(short.startsWith('../../..') ? path : short)), lockInputs(effective));
}
