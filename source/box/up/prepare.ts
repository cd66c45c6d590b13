import {exitCode, Failure} from '../../base/failure.ts';
import {homeFolder, noteOfHome} from '../../base/home.ts';
import {findDockerProxies} from '../../engine/docker-proxies.ts';
import type {EngineInfo} from '../../engine/engine.ts';
import type {GpuProblem} from '../../gpu/gpu.ts';
import type {Host, Person} from '../../host/host.ts';
import {readGroups, readUmask} from '../../host/login-groups.ts';
import {parseReference} from '../../image/reference.ts';
import {isReservedTarget} from '../../settings/reserved.ts';
import {safeText} from '../../text/safe.ts';
import {type Box, labelPrefix, type ServiceName} from '../box.ts';
import {readGitIdentity} from '../files/git-identity.ts';
import {warnOfOpenSecrets} from '../files/secrets.ts';
import type {Personal} from '../files/write-files.ts';
import {type GpuSelection, parseGpuSelection} from '../gpus/allocate.ts';
import {type GpusOfHost, readGpusOfHost, toCandidates} from '../gpus/availability.ts';
import {noteVisibleDevices} from '../gpus/visible-devices.ts';
import {warnOfOpenAddress} from '../jupyter/open-address.ts';
import {ownImageLabels} from '../layer-labels.ts';
import {checkName} from '../name.ts';
import {homeFolders, inside} from '../paths.ts';
import {homeInside} from '../plan/base.ts';
import {findOwnServer, isLoopback, passwordName, refuseOpenPassword, warnOfPassword} from '../plan/image-sshd.ts';
import {warnOfSockets} from '../plan/mount-warnings.ts';
import {findOutside, foldersBelow} from '../plan/outside.ts';
import {refuseRoot, whoRuns} from '../plan/run-as.ts';
import {refuseSudoOfRemapped} from '../plan/sudo.ts';
import type {BoxRequest, Prepared} from '../plan/types.ts';
import {nameOfPackages, noteSharedPackages} from '../plan/user-packages.ts';
import {findLoginKeys} from '../ssh/login-keys.ts';
import type {Derived} from './image/build-layers.ts';
import {derive, layersFor, pullChosen} from './image/obtain-image.ts';
import {pickGpus} from './resolve-spec.ts';
import type {ImageFacts, UpOptions} from './types.ts';

/** What `prepare` starts from. */
export type PrepareOptions = UpOptions & {
	/** Already asked, while the boxes were listed. */
	engine: Promise<EngineInfo>;
	/** As listed a moment ago. */
	boxes: readonly Box[];
	/** The box that is created again, or continued with: its GPUs are not taken by another. */
	own?: Box | undefined;
	/** Services whose layer the image gets, where they are not those of the request: a job has those of its project's box. */
	layerServices?: ServiceName[];
	/** Nothing is pulled or built. */
	dryRun?: boolean;
};

/**
Inspects the host, picks the image, pulls it and builds its layers where they are missing.

@throws Failure, EngineError
*/
export async function prepare(host: Host, request: BoxRequest, options: PrepareOptions): Promise<Prepared> {
	const {report} = options;
	const runAs = whoRuns(host, request.project);
	refuseUnusable(host, request, runAs);
	for (const text of warningsOf(host, request, options)) {
		report({kind: 'note', text});
	}

	const outside = host.demo
		? {mounts: [], notes: []}
		: findOutside({...request, uid: runAs.uid, home: homeInside({runAs})});
	for (const text of outside.notes) {
		report({kind: 'note', text});
	}

	const gpuSelection = parseGpuSelection(request.gpus);
	const {loginKeys, ...personal} = options.dryRun ? {} : await gatherPersonal(host, request, runAs, options);
	const login = host.demo ? {} : await readLogin(host, runAs, options.signal);
	const inspecting = inspectHost(host, request, gpuSelection, options);
	const [{engine, hostGpus}, chosen] = await Promise.all([inspecting, options.chooseImage(inspecting)]);
	for (const text of chosen.notes) {
		report({kind: 'note', text});
	}

	refuseSudoOfRemapped(engine, request);
	const proxies = host.demo
		? undefined
		: findDockerProxies(host.engine.address, process.env, homeFolder(process.env))?.variables;
	const usable = chosen.gpus ? {usableGpus: chosen.gpus} : {};
	const {reference} = chosen;
	let {base} = chosen;
	if (!base && !options.dryRun) {
		if (hostGpus && !options.queue) {
			// Report GPUs that are taken before a long pull, not after it. The claim decides.
			const others = options.boxes.filter((box) => box !== options.own);
			pickGpus({request, gpuSelection, hostGpus, ...usable}, toCandidates(hostGpus, others, new Date()));
		}

		base = await pullChosen(host, chosen, options);
	}

	const imageLabels = Object.keys(base?.labels ?? {});
	const {server: ownServer, note} = findOwnServer(request, reference, base);
	const pythonPackages = base && nameOfPackages(base);
	const {home} = homeFolders(host.paths, host.person.uid, runAs);
	for (const text of [
		...noteLabels(reference, imageLabels),
		note ?? (ownServer && warnOfPassword(reference)),
		...(pythonPackages === undefined || ownServer || host.demo ? [] : noteSharedPackages(home, pythonPackages)),
	]) {
		if (text !== undefined) {
			report({kind: 'note', text});
		}
	}

	if (!host.demo && !ownServer) {
		refuseRoot(runAs, request);
	}

	const start: Derived = base
		? await derive(
				host,
				base.id,
				chosen,
				layersFor({...request, services: options.layerServices ?? request.services}, chosen, ownServer),
				{...options, proxies},
			)
		: {name: chosen.pin?.reference ?? reference};
	return {
		request,
		gpuSelection,
		...(options.gpusTyped ? {gpusTyped: true} : {}),
		engine,
		hostGpus,
		runAs,
		...login,
		...personal,
		...usable,
		...(ownServer ? {ownServer} : loginKeys ? {loginKeys} : {}),
		image: reference,
		imageLabels,
		outsideMounts: outside.mounts,
		mountPoints: foldersBelow(homeInside({runAs}), [...outside.mounts, ...request.mounts]),
		entrypoint: base?.entrypoint ?? [],
		...(pythonPackages === undefined ? {} : {pythonPackages}),
		...(proxies ? {proxies} : {}),
		startImage: start.name,
		...(start.id === undefined ? {} : {startImageId: start.id}),
		imageDigest: base?.digests[0] ?? null,
	};
}

/** Also where the box exists and they are not used: a mistyped value is never taken in silence. @throws Failure (usage) */
export function checkValues(request: BoxRequest, host: Pick<Host, 'person' | 'demo'>): void {
	if (request.name !== undefined) {
		checkName(request.name);
	}

	parseGpuSelection(request.gpus);
	if (request.image !== undefined && parseReference(request.image) === undefined) {
		throw new Failure(`Invalid image reference: ${safeText(request.image)}.`, {
			fix: 'For example: pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime',
			exitCode: exitCode.usage,
		});
	}

	refuseHomeTargets(request, whoRuns(host, request.project));
}

/** @throws Failure for a request that no image and no GPU could meet */
function refuseUnusable(host: Host, request: BoxRequest, runAs: Person): void {
	if (request.name !== undefined) {
		checkName(request.name);
	}

	if (!host.engine.local) {
		throw new Failure(
			`The engine at ${host.engine.address} runs on another machine, which does not have this folder.`,
			{
				fix: 'Start the box there: ssh to that machine, go to the project and run gpubox up',
				exitCode: exitCode.usage,
			},
		);
	}

	refuseOpenPassword(request);
	refuseHomeTargets(request, runAs);
	// With a password, the request may be for the image's own SSH server; that is known later.
	if (!host.demo && !request.secrets?.some(({name}) => name === passwordName)) {
		refuseRoot(runAs, request);
	}
}

/** What the user should know of a request before it is carried out. */
function warningsOf(host: Host, request: BoxRequest, {gpusTyped}: Pick<PrepareOptions, 'gpusTyped'>): string[] {
	const home = host.demo ? undefined : noteOfHome(process.env);
	const wantsGpus = parseGpuSelection(request.gpus).kind !== 'none';
	const zero =
		gpusTyped && /^0+$/.test(request.gpus.trim()) ? '--gpus 0 means no GPU; for GPU 0 write --gpus 0,' : undefined;
	const visible = host.demo || gpusTyped || !wantsGpus ? undefined : noteVisibleDevices(process.env);
	const mounts = [{type: 'bind' as const, source: request.project, target: inside.project}, ...request.mounts];
	return [
		...[home, zero, visible].filter((note) => note !== undefined),
		...warnOfOpenSecrets(request.environment),
		...warnOfSockets(mounts, host.engine.address),
		...(isLoopback(request.bind) ? [] : [warnOfOpenAddress(request.services, request.bind)]),
	];
}

async function inspectHost(
	host: Host,
	request: BoxRequest,
	gpuSelection: GpuSelection,
	{engine: info, layerServices: services = request.services, signal, report}: PrepareOptions,
): Promise<ImageFacts & {hostGpus: GpusOfHost | undefined}> {
	const [engine, hostGpus] = await Promise.all([
		info,
		gpuSelection.kind === 'none' ? undefined : readGpusOfHost(host, signal, wantsSeveral(gpuSelection)),
	]);
	noteMissingGpus(gpuSelection, hostGpus, report);
	return {engine, hostGpus, inventory: hostGpus?.inventory, gpuSelection, services};
}

/** An image may bring labels that pose as gpubox's own. */
function noteLabels(reference: string, imageLabels: readonly string[]): string[] {
	const posing = imageLabels.filter((name) => name.startsWith(labelPrefix) && !ownImageLabels.includes(name));
	return posing.length > 0
		? [`${safeText(reference)} sets labels reserved for gpubox, which are ignored: ${safeText(posing.join(', '))}`]
		: [];
}

/** The home and the caches are mounted already. @throws Failure (usage) */
function refuseHomeTargets({mounts}: BoxRequest, {name}: Person): void {
	const home = `/home/${name}`;
	const taken = mounts.find(({target}) => isReservedTarget(target, [home, `${home}/.cache`]));
	if (taken) {
		throw new Failure(`Cannot mount at ${taken.target}: your home in the box is there.`, {
			fix: `Choose another target, such as /data or ${home}/data.`,
			exitCode: exitCode.usage,
		});
	}
}

/**
What the caller's programs get from their login. A box that root creates for another user has that user's own group only: of the others nothing
is known here.
*/
async function readLogin(host: Host, runAs: Person, signal: AbortSignal): Promise<Pick<Personal, 'groups' | 'umask'>> {
	const umask = readUmask();
	const groups = runAs.uid === host.person.uid ? await readGroups(runAs, host.engine.address, signal) : [];
	return {groups, ...(umask === undefined ? {} : {umask})};
}

/** Keys, secrets and who commits. Asked for before a pull, so that the user does not have to wait for the prompt. */
async function gatherPersonal(
	host: Host,
	request: BoxRequest,
	runAs: Person,
	options: UpOptions,
): Promise<Omit<Personal, 'runAs'>> {
	const names = (request.secrets ?? []).map(({name}) => name);
	const loginKeys = request.services.includes('ssh')
		? await findLoginKeys(host.paths.ssh, options.sshKeys, options.signal)
		: undefined;
	const secrets = names.length > 0 ? await options.secrets?.read(names) : undefined;
	// In a job no one commits. Root's own identity is not that of the user whom it creates a box for.
	const commits = !host.demo && request.services.length > 0 && runAs.uid === host.person.uid;
	const gitIdentity = commits
		? await readGitIdentity(homeFolders(host.paths, host.person.uid, runAs).home, options.signal)
		: undefined;
	return {
		...(loginKeys ? {loginKeys} : {}),
		...(secrets ? {secrets} : {}),
		...(gitIdentity ? {gitIdentity} : {}),
	};
}

/** The driver's own word that there is no card for it, or no driver. After any other problem a card may be there. */
const withoutCards: ReadonlyArray<GpuProblem['code']> = ['not-installed', 'no-devices'];

/** On a host without GPUs, `auto` continues and adds a note; any other request fails with the driver's problem, and so does every
request where the driver did not say which GPUs there are. */
function noteMissingGpus(request: GpuSelection, gpus: GpusOfHost | undefined, report: UpOptions['report']): void {
	if (!gpus || gpus.inventory.gpus.length > 0) {
		return;
	}

	const {problems} = gpus.inventory;
	const [problem] = problems;
	if (request.kind !== 'auto' || problems.some(({code}) => !withoutCards.includes(code))) {
		throw new Failure(problem?.message ?? 'This host has no NVIDIA GPU.', {
			fix: problem
				? `${problem.fix.replace(/(?<![.:])$/, '.')} Without a GPU: --gpus none`
				: 'Without a GPU: --gpus none',
			exitCode: exitCode.noGpu,
		});
	}

	report({kind: 'note', text: `The box gets no GPU: ${problem?.message ?? 'this host has none.'}`});
}

/** Whether it matters how the cards are connected. */
export function wantsSeveral(request: GpuSelection): boolean {
	return request.kind === 'count' && request.count > 1;
}
