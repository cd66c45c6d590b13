import {createHash} from 'node:crypto';
import {basename, join} from 'node:path';
import {version} from '../../base/version.ts';
import {type ContainerSpec, gpuMechanismOf, type Mount} from '../../engine/engine.ts';
import {containerPrefix, label, ownServerPort, portLabel, type ServiceName, servicePorts} from '../box.ts';
import {secretMounts} from '../files/secrets.ts';
import {allLabels} from '../labels.ts';
import {boxFolder, homeFolders, inside} from '../paths.ts';
import {ownServerCapabilities} from './image-sshd.ts';
import {sudoCapabilities} from './sudo.ts';
import type {BoxFacts, BoxRequest} from './types.ts';

const gibibyte = 1024 ** 3;

/**
The container for a request on a host: the same input always gives the same container. docs/boxes.md gives the reason for each default.
*/
export function planBox(facts: BoxFacts): ContainerSpec {
	const {request, engine, runAs, ownServer} = facts;
	const home = `/home/${runAs.name}`;
	const share = facts.gpuShare ?? 0.5;
	const cpus = request.cpus ?? Math.max(1, Math.floor(engine.cpus * share));

	return {
		name: containerPrefix + facts.name,
		image: facts.startImage,
		// The image's own entrypoint may insist on a user or start services of its own.
		...(ownServer
			? {entrypoint: [`${inside.files}/start-own`], command: ownServer.start}
			: {entrypoint: [`${inside.files}/start`], command: request.services}),
		environment: {
			...(ownServer ? environmentOfAll(facts) : environmentOf(facts, home)),
			OMP_NUM_THREADS: String(cpus),
			MKL_NUM_THREADS: String(cpus),
			...request.environment,
		},
		labels: labelsOf(facts),
		user: ownServer ? '0:0' : `${runAs.uid}:${runAs.gid}`,
		hostname: hostnameOf(request.project),
		// The image's own entrypoint may be written for the image's own folder.
		...(ownServer ? {} : {workingDirectory: inside.project}),
		mounts: mountsOf(facts, home),
		ports: request.services.flatMap((service) => {
			const hostPort = facts.ports[service];
			return hostPort === undefined
				? []
				: [{containerPort: ownServer ? ownServerPort : servicePorts[service], hostPort, hostAddress: request.bind}];
		}),
		gpus: facts.gpus,
		gpuMechanism: gpuMechanismOf(engine),
		gpuCapabilities: ['compute', 'utility'],
		init: true,
		sharedMemoryBytes: request.sharedMemoryBytes ?? wholeMiB(Math.min(8 * gibibyte, engine.memoryBytes / 2)),
		memoryBytes: request.memoryBytes ?? wholeMiB(engine.memoryBytes * 0.9 * share),
		...(request.cpus === undefined ? {} : {cpus: request.cpus}),
		pidsLimit: request.pidsLimit ?? 16_384,
		...(facts.raisesLimits ? {ulimits: {memlock: -1, stack: 67_108_864, nofile: 65_536}} : {}),
		capDrop: ['ALL'],
		capAdd: ownServer ? ownServerCapabilities(request.sudo ?? false) : request.sudo ? sudoCapabilities : [],
		securityOptions: request.sudo ? [] : ['no-new-privileges'],
		stopTimeoutSeconds: 30,
		logMaxSize: '10m',
		logMaxFiles: 3,
	};
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
	return createHash('sha256').update(JSON.stringify(rest, inOrder)).digest('hex').slice(0, 12);
}

/** For JSON.stringify: makes the result independent of the order of an object's keys. */
function inOrder(_key: string, value: unknown): unknown {
	return typeof value === 'object' && value !== null && !Array.isArray(value)
		? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
		: value;
}

function labelsOf(facts: BoxFacts): Record<string, string> {
	const {request} = facts;
	const ports = Object.entries(facts.ports).map(([service, port]) => [portLabel(service as ServiceName), String(port)]);
	return allLabels(
		{
			[label.name]: facts.name,
			[label.nonce]: facts.nonce,
			[label.owner]: facts.person.name,
			[label.uid]: String(facts.person.uid),
			[label.user]: facts.ownServer ? 'root' : facts.runAs.name,
			[label.project]: request.project,
			[label.folder]: facts.folder,
			[label.services]: request.services.join(','),
			[label.jupyterPath]: request.services.includes('jupyter') ? 'private' : '',
			[label.gpus]: facts.gpus.join(','),
			[label.share]: String(request.shareGpus),
			[label.sudo]: String(request.sudo ?? false),
			[label.rootPassword]: String(facts.ownServer !== undefined),
			[label.secrets]: (request.secrets ?? []).map(({name}) => name).join(','),
			[label.bind]: request.bind,
			[label.limits]: facts.raisesLimits ? '' : 'kept',
			[label.image]: facts.image,
			[label.postCreate]: String(request.postCreate !== undefined),
			[label.until]: request.lasts === undefined ? '' : new Date(facts.now.getTime() + request.lasts).toISOString(),
			[label.spec]: hashRequest(request),
			[label.version]: version,
			...Object.fromEntries(ports),
		},
		facts.imageLabels,
	);
}

/** Variables of every box, whatever its user. */
function environmentOfAll(facts: BoxFacts): Record<string, string> {
	return {
		// CUDA images set `all`: with nvidia as the engine's default runtime a box would see every card of the host.
		NVIDIA_VISIBLE_DEVICES: facts.gpus.length > 0 ? facts.gpus.join(',') : 'void',
		// The index in nvidia-smi is then the index in PyTorch.
		CUDA_DEVICE_ORDER: 'PCI_BUS_ID',
		GPUBOX_NAME: facts.name,
	};
}

function environmentOf(facts: BoxFacts, home: string): Record<string, string> {
	const {request, runAs} = facts;
	const cache = `${home}/.cache`;
	const jupyter = facts.ports.jupyter;
	const variables = (request.secrets ?? []).filter(({variable}) => variable).map(({name}) => name);
	return {
		HOME: home,
		USER: runAs.name,
		LOGNAME: runAs.name,
		...environmentOfAll(facts),
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
		// Jupyter writes the token into its runtime folder: in memory, because `docker commit` and `docker export` copy everything else.
		JUPYTER_RUNTIME_DIR: '/dev/shm/jupyter-runtime',
		...(jupyter === undefined ? {} : {GPUBOX_JUPYTER_URL: `http://127.0.0.1:${jupyter}`}),
		...(variables.length === 0 ? {} : {GPUBOX_SECRET_VARIABLES: variables.join(' ')}),
	};
}

function mountsOf(facts: BoxFacts, home: string): Mount[] {
	const {request} = facts;
	const folder = boxFolder(facts.paths, facts.folder);
	const secrets = secretMounts(facts.paths, facts.folder, request.secrets ?? []);
	if (facts.ownServer) {
		// Root uses the home and the passwd of the image: files that root creates in the caller's home would break other boxes.
		return [
			{type: 'bind', source: request.project, target: inside.project},
			{type: 'bind', source: join(folder, 'files'), target: inside.files, readOnly: true},
			...secrets,
			...request.mounts,
		];
	}

	const own = homeFolders(facts.paths, facts.person.uid, facts.runAs);
	const fixed: Mount[] = [
		{type: 'bind', source: request.project, target: inside.project},
		{type: 'bind', source: own.home, target: home},
		{type: 'bind', source: own.cache, target: `${home}/.cache`},
		{type: 'bind', source: join(folder, 'files'), target: inside.files, readOnly: true},
		// Without a name for the uid, sshd and Python's getpass refuse to work.
		{type: 'bind', source: join(folder, 'passwd'), target: '/etc/passwd', readOnly: true},
		{type: 'bind', source: join(folder, 'group'), target: '/etc/group', readOnly: true},
		// The last file in the folder, because it corrects what the others do.
		{type: 'bind', source: join(folder, 'files/profile.sh'), target: '/etc/profile.d/zz-gpubox.sh', readOnly: true},
	];
	const token: Mount[] = request.services.includes('jupyter')
		? [{type: 'bind', source: join(folder, 'token'), target: inside.token, readOnly: true}]
		: [];
	return [...fixed, ...token, ...secrets, ...request.mounts];
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
