import type {Ask} from '../box/plan/permissions.ts';
import {flagSettings, keyFilesOf, makeRequest, type UpFlags} from '../box/plan/request.ts';
import type {BoxRequest} from '../box/plan/types.ts';
import type {UpOptions, UpResult, UpStep} from '../box/up/types.ts';
import {planUp, up} from '../box/up/up.ts';
import {type ContainerSpec, EngineError} from '../engine/engine.ts';
import type {Host} from '../host/host.ts';
import type {Lock} from '../job/lock/lock.ts';
import type {Sourced} from '../settings/merge.ts';
import {type AskConsent, asksOf, consent, newAsks} from './consent.ts';
import {toDuration} from './duration-option.ts';
import {imageChooser} from './images/choose-image.ts';
import {buildSettings, type Effective, loadSettings} from './load-settings.ts';
import {noteLock, noteOtherImage, type ProjectLock, readLockState, requireLock} from './lock/project-lock.ts';
import {secretsOf} from './read-secrets.ts';

export type Front = {
	report: (step: UpStep) => void;
	signal: AbortSignal;
	/** Asks the user to agree; where it is missing, no one can be asked. */
	ask?: AskConsent | undefined;
	/** Asks before a box that is in use is recreated. */
	agreeToEnd?: UpOptions['agreeToEnd'];
	/** Whether the terminal is free to ask for a secret. */
	asksSecrets: boolean;
	/** What the gpubox.yaml of the demo host would say: it has no files. */
	demoSettings?: Sourced[];
};

/** `gpubox up`, for the verb and the session. @throws Failure, EngineError */
export async function upProject(host: Host, flags: UpFlags, front: Front): Promise<UpResult> {
	const {request, asks, options, lock, effective} = await resolveRequest(host, flags, front);
	const note = (text: string) => front.report({kind: 'note', text});
	await consent(host, request.project, asks, {trust: flags.trust ?? false, ask: front.ask, note});
	const result = await up(host, request, options).catch(async (error: unknown) => {
		front.signal.throwIfAborted();
		throw await withSimilarImages(error, request, effective);
	});
	if (lock) {
		for (const text of await noteOtherImage(host, lock, {box: result.box, request, ...options})) {
			note(text);
		}
	}

	return result;
}

/** The catalogue is loaded only for an image that was not found. */
async function withSimilarImages(error: unknown, {image}: BoxRequest, {winners}: Effective): Promise<unknown> {
	if (image === undefined || !(error instanceof EngineError && error.code === 'not-found')) {
		return error;
	}

	const [{nameSimilarImages}, {loadCatalogue}] = await Promise.all([
		import('./images/missing-image.ts'),
		import('./images/local-images.ts'),
	]);
	return nameSimilarImages(error, image, await loadCatalogue(winners));
}

/** `gpubox up --dry-run`: the container that it would create. Nothing is asked, pulled or built. @throws Failure, EngineError */
export async function planProject(host: Host, flags: UpFlags, front: Front): Promise<ContainerSpec> {
	const {request, asks, options} = await resolveRequest(host, flags, front);
	const fresh = newAsks(host, request.project, asks);
	if (fresh.length > 0) {
		const keys = [...new Set(fresh.map(({key}) => key))].join(', ');
		front.report({kind: 'note', text: `\`gpubox up\` would first ask whether you agree to: ${keys}`});
	}

	return planUp(host, request, options);
}

/** What the flags and the project's settings ask for. @throws Failure (usage) */
export async function resolveRequest(
	host: Host,
	flags: UpFlags & {locked?: true | undefined},
	{report, signal, agreeToEnd, asksSecrets, demoSettings = []}: Front,
): Promise<{request: BoxRequest; asks: Ask[]; options: UpOptions; lock: Lock | undefined; effective: Effective}> {
	const effective = await loadSettings(flags.directory ?? '.', {
		files: !host.demo,
		flags: [...flagSettings(flags, process.cwd()), ...demoSettings],
	});
	if (effective.ignored) {
		report({kind: 'note', text: `${effective.ignored.message} ${effective.ignored.fix}`});
	}

	const made = makeRequest(flags, effective);
	const locked: ProjectLock = host.demo ? {kind: 'none'} : await readLockState(effective);
	if (flags.locked) {
		await requireLock(locked, effective);
	}

	const lock = locked.kind === 'current' ? locked.lock : undefined;
	for (const text of noteLock(locked)) {
		report({kind: 'note', text});
	}

	const sshKeys = keyFilesOf(effective.winners, effective.settings);
	const secrets = secretsOf(flags, effective.settings.secrets ?? [], {ask: asksSecrets, signal});
	const request: BoxRequest = {
		...made,
		...(secrets.requests.length > 0 ? {secrets: secrets.requests} : {}),
		...(flags.sudo ? {sudo: true} : {}),
		...(flags.for === undefined ? {} : {lasts: toDuration(flags.for)}),
	};
	return {
		request,
		effective,
		// The demo host has no real files.
		asks: host.demo ? [] : asksOf(host, effective, made, sshKeys, secrets.source.given),
		options: {
			report,
			signal,
			wait: flags.wait !== false,
			queue: flags.wait === true,
			recreate: flags.recreate ?? false,
			gpusTyped: flags.gpus !== undefined,
			agreeToEnd,
			asked: askedKeys(effective.winners),
			exact: flags.exact ?? false,
			settings: buildSettings(effective.settings),
			sshKeys,
			secrets: secrets.source,
			chooseImage: imageChooser(host, {
				image: request.image,
				project: request.project,
				force: flags.force ?? false,
				winners: effective.winners,
				lock,
				signal,
			}),
		},
		lock,
	};
}

/** The settings that this call or the team set, other than defaults. */
function askedKeys(winners: readonly Sourced[]): Set<string> {
	return new Set(winners.filter(({origin}) => ['flag', 'gpubox.yaml'].includes(origin.place)).map(({key}) => key));
}

export type UpWish = Pick<Front, 'report' | 'signal' | 'ask'> & {
	image?: string;
	/** Queue for GPUs that others have. */
	wait?: true;
	/** In place of the current one. */
	folder?: string;
	/** The content of gpubox.yaml on the demo host, which has no files. */
	agreed?: Sourced[];
};

/** `gpubox up` for the current or another folder, for the session's keys: a new box starts from `image` where one was chosen. */
export function upHere(host: Host, {image, wait, folder, agreed = [], ...front}: UpWish): Promise<UpResult> {
	// The session has the terminal, so secrets cannot be prompted for.
	return upProject(host, {image, wait, directory: folder}, {...front, asksSecrets: false, demoSettings: agreed});
}
