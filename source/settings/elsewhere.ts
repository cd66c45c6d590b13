/**
What people bring from docker's command line, compose files and devcontainer.json: taken where it can mean one thing only, else told how it
is written here. Sources: docs.docker.com (run, compose file reference), containers.dev (metadata reference).
*/

import {plainGpuList} from '../text/gpu-list.ts';

type Values = Record<string, unknown>;

/** The same settings with what is written as elsewhere put in gpubox's way. What is not understood stays as it is. Pure. */
export function fromElsewhere(value: Values): Values {
	const changes: Array<[key: string, change: (inner: unknown) => unknown]> = [
		['gpus', gpusFrom],
		['services', (inner) => (typeof inner === 'string' ? [inner] : inner)],
		['mounts', (inner) => (Array.isArray(inner) ? inner.map(mountFrom) : inner)],
		['env', environmentFrom],
	];
	const changed = {...value};
	for (const [key, change] of changes) {
		if (Object.hasOwn(value, key)) {
			changed[key] = change(value[key]);
		}
	}

	return changed;
}

const cards = /^(?:\d+|(?:GPU|MIG)-[\w/-]+)$/;

/** `device=0,2`, `count=2`, `nvidia.com/gpu=0` and compose's list with one entry. */
function gpusFrom(value: unknown): unknown {
	if (Array.isArray(value)) {
		const [first] = value;
		return value.length === 1 && isRecord(first) ? (reservationFrom(first) ?? value) : value;
	}

	return typeof value === 'string' ? plainGpuList(value) : value;
}

function namesFrom(names: readonly unknown[]): string | undefined {
	const texts = names.map((name) => String(name).trim());
	// A trailing comma says that it is a card and not a count.
	return texts.length > 0 && texts.every((name) => cards.test(name)) ? `${texts.join(',')},` : undefined;
}

function countFrom(count: unknown): string {
	return count === 'all' || String(count) === '-1' ? 'all' : String(count);
}

function reservationFrom({driver, count, device_ids: ids, capabilities, ...rest}: Values): string | undefined {
	const plain = (driver === undefined || driver === 'nvidia') && Object.keys(rest).length === 0;
	const ofGpus = capabilities === undefined || JSON.stringify(capabilities).includes('"gpu"');
	if (!plain || !ofGpus || (ids !== undefined && count !== undefined)) {
		return undefined;
	}

	return Array.isArray(ids)
		? namesFrom(ids)
		: count === undefined || /^(?:-1|all|\d+)$/.test(String(count))
			? countFrom(count ?? 'all')
			: undefined;
}

/** The fields of docker's `--mount`, e.g. `type=bind,source=/data,target=/data,readonly`. */
function mountFields(text: string): Values | undefined {
	return /(?:^|,)(?:target|dst|destination)=/.test(text)
		? Object.fromEntries(text.split(',').map((part) => [part.split('=')[0] ?? '', part.split('=').slice(1).join('=')]))
		: undefined;
}

/** Several mounts in one text, separated by commas; the fields of docker's long form are separated by commas, too. */
export function splitMounts(text: string): string[] {
	const mounts: Array<{text: string; fields: Set<string>}> = [];
	for (const part of text.split(',').map((item) => item.trim())) {
		const field = /^(?:(\w[\w-]*)=.*|(readonly|ro))$/.exec(part)?.slice(1).find(Boolean);
		const last = mounts.at(-1);
		if (field !== undefined && last !== undefined && last.fields.size > 0 && !last.fields.has(field)) {
			last.text += `,${part}`;
			last.fields.add(field);
		} else {
			mounts.push({text: part, fields: new Set(field === undefined ? [] : [field])});
		}
	}

	return mounts.map((mount) => mount.text);
}

/** The long forms, as text of docker's `--mount` or as a section of compose. */
function mountFrom(value: unknown): unknown {
	const fields = typeof value === 'string' ? mountFields(value) : isRecord(value) ? value : undefined;
	if (fields === undefined) {
		return value;
	}

	const {type = 'bind', source, src, target, dst, destination, ...modes} = fields;
	const [from, to] = [source ?? src, target ?? dst ?? destination];
	const readOnly = ['readonly', 'read_only', 'ro'].map((name) => modes[name]).find((mode) => mode !== undefined);
	const others = Object.keys(modes).filter((name) => !['readonly', 'read_only', 'ro'].includes(name));
	const isMode = readOnly === undefined || ['', 'true', '1', 'false', '0'].includes(String(readOnly));
	return type === 'bind' && typeof from === 'string' && typeof to === 'string' && others.length === 0 && isMode
		? `${from}:${to}${readOnly === undefined || /^(?:false|0)$/.test(String(readOnly)) ? '' : ':ro'}`
		: value;
}

/** Compose's list of `NAME=value`. */
function environmentFrom(value: unknown): unknown {
	const entries =
		Array.isArray(value) && value.length > 0
			? value.map((item) => /^([A-Za-z_]\w*)=([\s\S]*)$/.exec(String(item))?.slice(1))
			: [undefined];
	return entries.every((entry) => entry !== undefined) ? Object.fromEntries(entries as string[][]) : value;
}

const variable = /\$(?:\{[^}]*\}?|[A-Za-z_]\w*)/;

/**
What is wrong with a mount, and how it is written here.

@param isFolder whether a name without a path is a folder beside the file
*/
export function explainMount(
	value: unknown,
	isFolder: (name: string) => boolean,
): {message: string; hint: string} | undefined {
	const long = typeof value === 'string' ? mountFields(value) : isRecord(value) ? value : undefined;
	if (long) {
		const {type} = long;
		return type === 'volume' || type === 'tmpfs' || type === 'npipe'
			? {message: `gpubox mounts folders and files, not a ${type}.`, hint: 'Write a folder: ./data:/data'}
			: {
					message: 'This mount has a part that gpubox does not have.',
					hint: 'Write it as SRC:DST, with :ro at the end if it is read-only.',
				};
	}

	if (typeof value !== 'string') {
		return undefined;
	}

	const [found] = variable.exec(value) ?? [];
	if (found !== undefined) {
		const written = value
			.replace(/^\$(?:HOME\b|\{HOME\}|\{localEnv:HOME\})/, '~')
			.replace(/^\$(?:PWD\b|\{PWD\}|\{localWorkspaceFolder\})/, '.');
		return {
			message: `Variables such as ${found} are not filled in here.`,
			hint: variable.test(written)
				? 'Write the path itself: absolute, from this folder (./data) or from your home (~/data).'
				: `Write ${written}`,
		};
	}

	const [source = '', target, options, ...rest] = value.split(':');
	const words = options?.split(',') ?? [];
	const foreign = words.filter((word) => word !== 'ro' && word !== 'rw');
	if (target?.startsWith('/') && rest.length === 0 && foreign.length > 0) {
		const kept = words.find((word) => word === 'ro');
		return {
			message: `The mount option ${foreign.join(', ')} is not known here.`,
			hint: `Leave it out: ${source}:${target}${kept ? ':ro' : ''}`,
		};
	}

	return target?.startsWith('/') && rest.length === 0 && /^[A-Za-z0-9][\w.-]*$/.test(source) && !isFolder(source)
		? {
				message: `"${source}" is a named volume for docker, and gpubox mounts folders and files.`,
				hint: `For a folder beside this file, create it and write ./${source}:${target}`,
			}
		: undefined;
}

/** A value of `env` in which another program would fill in a variable. */
export function explainVariable(name: string, value: unknown): {message: string; hint: string} | undefined {
	const [found] = typeof value === 'string' ? (/\$\{[^}]*\}|\$[A-Z_][A-Z0-9_]+\b/.exec(value) ?? []) : [];
	return found === undefined
		? undefined
		: {
				message: `Variables such as ${found} are not filled in here.`,
				hint: `Write the value itself. To use one of your own shell: gpubox up --env "${name}=…"`,
			};
}

/** Wrong values of other settings that have a right form. The key is dotted. */
export function explainValue(key: string, value: unknown): string {
	switch (key) {
		case 'ports': {
			const port = Array.isArray(value) ? firstPort(value) : undefined;
			return `Only Jupyter and SSH have ports: write ports: {${port ?? 'jupyter: 8888, ssh: 2222'}}`;
		}

		case 'packages':
			return packages;
		case 'limits':
			return 'Write limits: {memory: 64g, cpus: 8}';
		case 'idle':
			return 'Write idle: {stopAfter: 12h}';
		case 'build':
			return "A box's image is not built from a Dockerfile here: set image, packages and postCreate.";
		case 'ssh':
			return 'For a box with SSH: services: [jupyter, ssh]. The keys: ssh: {keys: [~/.ssh/id_ed25519.pub]}';
		case 'services':
			return !isRecord(value)
				? ''
				: 'Write services: [jupyter], [ssh] or [jupyter, ssh]. What a service of compose needs stands at the top of this file.';
		case 'gpus':
			return !(isRecord(value) || (Array.isArray(value) && value.some(isRecord)) || /=|nvidia/i.test(String(value)))
				? ''
				: 'Write gpus: all, gpus: 2, or the indexes: gpus: [0, 2]';
		case 'env':
			return 'Write env: {NAME: value}. For a value of your own shell: gpubox up --env NAME';
		case 'secrets':
			return 'Write the names alone, secrets: [HF_TOKEN]; each user passes the values: gpubox up --secret HF_TOKEN=FILE';
		case 'postCreate':
			return 'Write the commands as one text, joined by &&.';
		default:
			return '';
	}
}

/** `8888:8888` and the like: the port of the host for the one that the service has in other images. */
function firstPort(ports: readonly unknown[]): string | undefined {
	const named = ports.flatMap((port) => {
		const [, host, inside = host] =
			/^(?:\d+(?:\.\d+){3}:)?(\d{1,5})(?::(\d{1,5}))?(?:\/tcp)?$/.exec(String(port)) ?? [];
		const service = inside === '8888' ? 'jupyter' : inside === '22' ? 'ssh' : undefined;
		return service === undefined ? [] : [`${service}: ${host}`];
	});
	return named.length > 0 && named.length === ports.length ? named.join(', ') : undefined;
}

const limits = 'limits';
const decided = 'gpubox sets this itself. Remove the line.';
const inImage =
	'The image brings it. Those that fit this host: gpubox images; the chosen one is image, or family for the newest of a kind';
const packages = 'Write packages: {pip: [einops], apt: [ffmpeg]}';

/** Keys of compose files, devcontainer.json, docker's options and environments of conda, with how the same is said here. */
const keys: Readonly<Record<string, string>> = {
	volumes: 'Write it as mounts: ["./data:/data"]',
	volume: 'Write it as mounts: ["./data:/data"]',
	environment: 'Write it as env: {NAME: value}',
	containerEnv: 'Write it as env: {NAME: value}',
	remoteEnv: 'Write it as env: {NAME: value}',
	env_file: 'Write the variables as env: {NAME: value}; what is secret belongs to secrets: [NAME]',
	shm_size: `Write it as ${limits}: {shmSize: 16g}`,
	'shm-size': `Write it as ${limits}: {shmSize: 16g}`,
	ipc: `Instead of the host's shared memory: ${limits}: {shmSize: 16g}`,
	mem_limit: `Write it as ${limits}: {memory: 64g}`,
	pids_limit: `Write it as ${limits}: {pids: 32768}`,
	deploy: `Write GPUs as gpus: 2, and limits as ${limits}: {memory: 64g, cpus: 8}`,
	runtime: 'Write gpus: all, gpus: 2 or gpus: [0, 2]; gpubox chooses how they get into the box.',
	devices: 'Write gpus: all, gpus: 2 or gpus: [0, 2]',
	hostRequirements: `Write GPUs as gpus: 2, and limits as ${limits}: {memory: 64g, cpus: 8}`,
	expose: 'Only Jupyter and SSH have ports: write ports: {jupyter: 8888, ssh: 2222}',
	forwardPorts: 'Only Jupyter and SSH have ports: write ports: {jupyter: 8888, ssh: 2222}',
	appPort: 'Only Jupyter and SSH have ports: write ports: {jupyter: 8888, ssh: 2222}',
	container_name: 'Write the name of the project as name: vision',
	hostname: 'Write the name of the project as name: vision',
	postCreateCommand: 'Write it as postCreate: pip install -e .',
	onCreateCommand: 'Write it as postCreate: pip install -e .',
	features: 'Write it as packages: {pip: [einops], apt: [ffmpeg]}, and services: [jupyter, ssh]',
	dockerFile: 'Build the image first (docker build), and write its name as image',
	dockerfile: 'Build the image first (docker build), and write its name as image',
	working_dir: 'The project is at /workspace in the box. Remove the line.',
	workspaceFolder: 'The project is at /workspace in the box. Remove the line.',
	workspaceMount: 'The project is at /workspace in the box. Remove the line.',
	command: 'A box runs its services; for a command at its creation: postCreate. Remove the line.',
	entrypoint: 'A box runs its services; for a command at its creation: postCreate. Remove the line.',
	user: decided,
	remoteUser: decided,
	containerUser: decided,
	restart: decided,
	stdin_open: decided,
	tty: decided,
	init: decided,
	ulimits: decided,
	networks: decided,
	network_mode: decided,
	privileged: 'gpubox does not start privileged boxes. Remove the line.',
	cap_add: 'gpubox does not start privileged boxes. Remove the line.',
	security_opt: 'gpubox does not start privileged boxes. Remove the line.',
	runArgs: 'Write each as a setting: gpubox config --schema prints them.',
	version: 'This is no compose file. Remove the line.',
	requirements: `${packages}, or postCreate: pip install -r requirements.txt`,
	dependencies: packages,
	conda: packages,
	channels: packages,
	python: inImage,
	cuda: inImage,
	cudnn: inImage,
	pytorch: inImage,
	torch: inImage,
	tensorflow: inImage,
	framework: inImage,
};

/** How the same as a key of another file is said here; undefined for a key that is not known from elsewhere. */
export function explainKey(key: string): string | undefined {
	return Object.hasOwn(keys, key) ? keys[key] : undefined;
}

function isRecord(value: unknown): value is Values {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}
