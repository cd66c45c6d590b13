import {basename, join} from 'node:path';
import {hashOf} from '../../base/hash.ts';
import {version} from '../../base/version.ts';
import {type ContainerSpec, defaultRuntimeHasGpus, gpuMechanismOf, type Mount} from '../../engine/engine.ts';
import {containerPrefix, label} from '../box.ts';
import {secretMounts} from '../files/secrets.ts';
import {allLabels} from '../labels.ts';
import {boxFolder, homeFolders, inside} from '../paths.ts';
import {rootSshdCapabilities, userInside} from './run-as.ts';
import {sudoCapabilities} from './sudo.ts';
import type {BoxFacts, BoxRequest} from './types.ts';
import {packagesFolder} from './user-packages.ts';

/*
What every container of a project has, a box as well as a job: what works in one works in the other, because both are planned here.
*/

const gibibyte = 1024 ** 3;

/** What `planBox` and `planJob` add: the command and how it ends. */
type OwnParts = 'entrypoint' | 'command' | 'stopTimeoutSeconds' | 'logMaxSize' | 'logMaxFiles';

/** Image, user, folders, secrets, GPUs, limits and rights. docs/boxes.md gives the reason for each default. */
export function baseSpec(facts: BoxFacts): Omit<ContainerSpec, OwnParts> {
	const {request, engine, runAs} = facts;
	const user = userInside(engine, runAs);
	return {
		name: containerPrefix + facts.name,
		image: facts.startImage,
		environment: {...facts.proxies, ...homeEnvironment(facts), ...threadsOf(cpusOf(facts)), ...request.environment},
		labels: baseLabels(facts, {}),
		user: `${user.uid}:${user.gid}`,
		hostname: hostnameOf(request.project),
		...(facts.groups?.length && !engine.rootless ? {groups: facts.groups.map((group) => group.gid)} : {}),
		workingDirectory: inside.project,
		mounts: baseMounts(facts),
		ports: [],
		gpus: facts.gpus,
		gpuMechanism: gpuMechanismOf(engine),
		gpuCapabilities: ['compute', 'utility'],
		init: true,
		sharedMemoryBytes: request.sharedMemoryBytes ?? wholeMiB(Math.min(8 * gibibyte, engine.memoryBytes / 2)),
		memoryBytes: request.memoryBytes ?? wholeMiB(engine.memoryBytes * 0.9 * shareOf(facts)),
		...(request.cpus === undefined ? {} : {cpus: request.cpus}),
		pidsLimit: request.pidsLimit ?? 16_384,
		...(facts.raisesLimits ? {ulimits: {memlock: -1, stack: 67_108_864, nofile: 65_536, nproc: -1}} : {}),
		capDrop: ['ALL'],
		capAdd: capabilitiesOf(facts, user.uid),
		// Said either way: without it an engine may be set to refuse all containers new privileges.
		securityOptions: [request.sudo ? 'no-new-privileges:false' : 'no-new-privileges'],
		...engineParts(facts),
		// The image's own belongs to what its own entrypoint starts.
		healthCheck: false,
		stopSignal: 'SIGTERM',
	};
}

function capabilitiesOf({request, runAs}: BoxFacts, uid: number): string[] {
	if (request.sudo) {
		return sudoCapabilities;
	}

	return uid !== runAs.uid && request.services.includes('ssh') ? rootSshdCapabilities : [];
}

/** What an engine's daemon.json would choose otherwise, and a box depends on. Podman has other words for some of it, and no daemon.json. */
function engineParts({
	engine,
	gpus,
}: Pick<BoxFacts, 'engine' | 'gpus'>): Pick<ContainerSpec, 'ipc' | 'cgroupNamespace' | 'userNamespace' | 'runtime'> {
	if (engine.flavour !== 'docker') {
		return {};
	}

	return {
		ipc: 'private',
		...(engine.cgroupVersion === '2' ? {cgroupNamespace: 'private'} : {}),
		// Behind another uid the project, the home and the token would be those of another user.
		...(engine.remapsUsers ? {userNamespace: 'host'} : {}),
		// The engine's GPU request is carried out in runc.
		...(gpus.length > 0 && !defaultRuntimeHasGpus(engine) && engine.runtimes.includes('runc') ? {runtime: 'runc'} : {}),
	};
}

function shareOf({gpuShare = 0.5}: Pick<BoxFacts, 'gpuShare'>): number {
	return gpuShare;
}

/** The CPUs that its programs should count on: those requested, or its share of the host's. */
export function cpusOf(facts: Pick<BoxFacts, 'request' | 'engine' | 'gpuShare'>): number {
	return facts.request.cpus ?? Math.max(1, Math.floor(facts.engine.cpus * shareOf(facts)));
}

/** How many threads PyTorch and NumPy start; without these, one for each CPU of the host. */
export function threadsOf(count: number): Record<string, string> {
	return {OMP_NUM_THREADS: String(count), MKL_NUM_THREADS: String(count)};
}

/** A hash of the request, so that a later `up` can check whether the box it finds was created from the same. */
export function hashRequest(request: BoxRequest): string {
	const {
		project: _project,
		name: _name,
		projectName: _projectName,
		preferredPorts: _ports,
		lasts: _lasts,
		...rest
	} = request;
	return hashOf(JSON.stringify(rest, inOrder)).slice(0, 12);
}

/** For JSON.stringify: makes the result independent of the order of an object's keys. */
function inOrder(_key: string, value: unknown): unknown {
	return typeof value === 'object' && value !== null && !Array.isArray(value)
		? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
		: value;
}

/** All labels, with those of one kind of container added to what each has. */
export function baseLabels(facts: BoxFacts, own: Record<string, string>): Record<string, string> {
	const {request} = facts;
	return allLabels(
		{
			[label.name]: facts.name,
			[label.nonce]: facts.nonce,
			[label.owner]: facts.person.name,
			[label.uid]: String(facts.person.uid),
			[label.user]: facts.runAs.name,
			[label.project]: request.project,
			[label.folder]: facts.folder,
			[label.gpus]: facts.gpus.join(','),
			[label.share]: String(request.shareGpus),
			[label.sudo]: String(request.sudo ?? false),
			[label.rootPassword]: 'false',
			[label.secrets]: (request.secrets ?? []).map(({name}) => name).join(','),
			[label.limits]: facts.raisesLimits ? '' : 'kept',
			[label.image]: facts.image,
			[label.postCreate]: 'false',
			[label.until]: request.lasts === undefined ? '' : new Date(facts.now.getTime() + request.lasts).toISOString(),
			[label.spec]: hashRequest(request),
			[label.version]: version,
			...own,
		},
		facts.imageLabels,
	);
}

/** Variables of every container, whatever its user. */
export function gpuEnvironment(facts: Pick<BoxFacts, 'gpus' | 'name'>): Record<string, string> {
	return {
		// CUDA images set `all`: with nvidia as the engine's default runtime a box would see every card of the host.
		NVIDIA_VISIBLE_DEVICES: facts.gpus.length > 0 ? facts.gpus.join(',') : 'void',
		// The index in nvidia-smi is then the index in PyTorch.
		CUDA_DEVICE_ORDER: 'PCI_BUS_ID',
		GPUBOX_NAME: facts.name,
	};
}

/** Where the user's home is inside. */
export function homeInside({runAs}: Pick<BoxFacts, 'runAs'>): string {
	return `/home/${runAs.name}`;
}

function homeEnvironment(facts: BoxFacts): Record<string, string> {
	const {request, runAs} = facts;
	const home = homeInside(facts);
	const cache = `${home}/.cache`;
	const variables = (request.secrets ?? []).filter(({variable}) => variable).map(({name}) => name);
	return {
		HOME: home,
		USER: runAs.name,
		LOGNAME: runAs.name,
		...gpuEnvironment(facts),
		...(facts.umask === undefined ? {} : {GPUBOX_UMASK: facts.umask}),
		// What pip installs for the user belongs to the image it was installed under: its Python, its CUDA.
		...(facts.pythonPackages === undefined
			? {}
			: {PYTHONUSERBASE: `${home}/${packagesFolder}/${facts.pythonPackages}`}),
		XDG_CACHE_HOME: cache,
		HF_HOME: `${cache}/huggingface`,
		TORCH_HOME: `${cache}/torch`,
		PIP_CACHE_DIR: `${cache}/pip`,
		UV_CACHE_DIR: `${cache}/uv`,
		// Cache and project are different mounts, so links between them cannot be made.
		UV_LINK_MODE: 'copy',
		TRITON_CACHE_DIR: `${cache}/triton`,
		TORCHINDUCTOR_CACHE_DIR: `${cache}/torchinductor`,
		CUDA_CACHE_PATH: `${cache}/nv`,
		...(variables.length === 0 ? {} : {GPUBOX_SECRET_VARIABLES: variables.join(' ')}),
	};
}

function baseMounts(facts: BoxFacts): Mount[] {
	const {request} = facts;
	const home = homeInside(facts);
	const folder = boxFolder(facts.paths, facts.folder);
	const own = homeFolders(facts.paths, facts.person.uid, facts.runAs);
	return [
		{type: 'bind', source: request.project, target: inside.project},
		{type: 'bind', source: own.home, target: home},
		{type: 'bind', source: own.cache, target: `${home}/.cache`},
		{type: 'bind', source: join(folder, 'files'), target: inside.files, readOnly: true},
		// Without a name for the uid, sshd and Python's getpass refuse to work.
		{type: 'bind', source: join(folder, 'passwd'), target: '/etc/passwd', readOnly: true},
		{type: 'bind', source: join(folder, 'group'), target: '/etc/group', readOnly: true},
		// The last file in the folder, because it corrects what the others do.
		{type: 'bind', source: join(folder, 'files/profile.sh'), target: '/etc/profile.d/zz-gpubox.sh', readOnly: true},
		...secretMounts(facts.paths, facts.folder, request.secrets ?? []),
		...(facts.outsideMounts ?? []),
		...request.mounts,
	];
}

/** A valid hostname from the project's name, so that the prompt shows the project. */
function hostnameOf(project: string): string {
	return (
		basename(project)
			.toLowerCase()
			.replace(/[^a-z0-9-]+/g, '-')
			.replace(/^-+|-+$/g, '')
			.slice(0, 40) || 'box'
	);
}

function wholeMiB(bytes: number): number {
	return Math.floor(bytes / 1024 ** 2) * 1024 ** 2;
}
