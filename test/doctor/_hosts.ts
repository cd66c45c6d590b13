import type {Check, CheckId} from '../../source/doctor/check.ts';
import {diagnose} from '../../source/doctor/diagnose.ts';
import {gatherFacts} from '../../source/doctor/gather.ts';
import type {CommandResult, Probe} from '../../source/doctor/probe.ts';
import {type Engine, EngineError, type EngineInfo} from '../../source/engine/engine.ts';
import type {GpuInventory} from '../../source/gpu/gpu.ts';
import {findProblems} from '../../source/gpu/problems.ts';
import {makeFrozenHost} from '../_helpers/demo.ts';

const ubuntu = 'PRETTY_NAME="Ubuntu 24.04.1 LTS"\nNAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian\n';
const openModule =
	'NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.95.05  Release Build  (dvs-builder@U22-I3)\nGCC version:  gcc version 12.3.0 (Ubuntu 12.3.0-1ubuntu1~22.04)\n';
const proprietaryModule =
	'NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.95.05  Tue Sep 23 10:11:16 UTC 2025\nGCC version:  gcc version 12.3.0\n';

/** What /proc, /sys and /etc of a machine hold. */
export const texts = {ubuntu, openModule, proprietaryModule};

/** A machine in words; what is left out is in order. */
export type Machine = {
	/** By path. Null takes a file of the healthy machine away. */
	files?: Record<string, string | null>;
	/** PCI device ids of the NVIDIA cards, with the driver bound to each. Undefined bus: null. */
	cards?: Array<{device: string; driver?: string}> | null;
	/** What nvidia-smi prints when it fails, and its exit code; null when it is not installed. */
	smi?: {text: string; exitCode: number} | null;
	inventory?: Partial<GpuInventory>;
	/** Commands by their first words. */
	commands?: Record<string, CommandResult>;
	info?: Partial<EngineInfo>;
	/** The engine's refusal of any call. */
	engineError?: EngineError;
	/** What the engine says when a container with GPUs is started. */
	startError?: string;
	/** What the container prints; by default one line for each card. */
	inside?: {stdout: string; exitCode: number};
	images?: string[];
	address?: string;
	local?: boolean;
	freeBytes?: Record<string, number>;
	unwritable?: string[];
	taken?: number[];
	/** Ports of containers. */
	published?: Record<string, number>;
	lookup?: string;
	head?: {status: number; date: string | undefined} | {failed: string};
	environment?: Record<string, string>;
	dockerProxies?: ReturnType<Probe['dockerProxies']>;
	groups?: number[];
	uid?: number;
	mirror?: string;
};

/** 12:00; the registry's clock says the same. */
const now = new Date('2026-11-20T12:00:00Z');

export const healthyInfo: EngineInfo = {
	version: '29.4.1',
	architecture: 'x86_64',
	rootDirectory: '/var/lib/docker',
	cpus: 64,
	memoryBytes: 256 * 1024 ** 3,
	runtimes: ['io.containerd.runc.v2', 'runc'],
	cdiDevices: ['nvidia.com/gpu=0', 'nvidia.com/gpu=all'],
	cdiSpecDirectories: ['/etc/cdi', '/var/run/cdi'],
	rootless: false,
	flavour: 'docker',
	registryMirrors: [],
};

const healthyFiles: Record<string, string> = {
	'/etc/os-release': ubuntu,
	'/etc/group': 'root:x:0:\ndocker:x:999:alice\n',
	'/proc/driver/nvidia/version': openModule,
	'/proc/modules': 'nvidia 14381056 72 nvidia_uvm,nvidia_modeset, Live 0x0000000000000000 (OE)\n',
	'/proc/version': 'Linux version 6.8.0-49-generic (buildd@lcy02-amd64-103)\n',
	'/usr/bin/dockerd': '',
	'/usr/bin/ssh': '',
	'/usr/bin/nvidia-cdi-hook': '',
	'/usr/bin/nvidia-container-runtime-hook': '',
	'/var/run/cdi/nvidia.yaml': '',
	'/home/alice/.ssh/id_ed25519': '',
	'/home/alice/.ssh/id_ed25519.pub': '',
};

/** Takes everything of the toolkit's away. */
export const noToolkit = {
	'/usr/bin/nvidia-cdi-hook': null,
	'/usr/bin/nvidia-container-runtime-hook': null,
	'/var/run/cdi/nvidia.yaml': null,
};

function inventoryOf({smi, inventory, cards}: Machine): GpuInventory {
	if (smi !== undefined) {
		const problems =
			smi === null
				? findProblems([], {exitCode: null, startError: 'ENOENT'})
				: findProblems(smi.text.split('\n'), {exitCode: smi.exitCode});
		return {driverVersion: null, cudaVersion: null, gpus: [], problems, ...inventory};
	}

	return {
		driverVersion: '580.95.05',
		cudaVersion: '13.0',
		problems: [],
		gpus: (cards ?? [{device: '0x2684'}]).map((_, index) => ({
			index,
			uuid: `GPU-${index}`,
			name: 'NVIDIA GeForce RTX 4090',
			busId: `00000000:0${index + 1}:00.0`,
			computeCapability: '8.9',
			memoryTotalMiB: 24_564,
			powerLimit: 450,
			migMode: null,
			persistenceMode: true,
			mig: [],
		})),
		...inventory,
	};
}

async function engineOf(machine: Machine, inventory: GpuInventory): Promise<Engine & {removed: string[]}> {
	const base = (await makeFrozenHost('single-rtx-4090')).engine;
	const {engineError, startError, inside} = machine;
	const check = () => {
		if (engineError) {
			throw engineError;
		}
	};
	const removed: string[] = [];
	return {
		...base,
		removed,
		address: machine.address ?? 'unix:///var/run/docker.sock',
		local: machine.local ?? true,
		async info() {
			check();
			return {...healthyInfo, ...machine.info};
		},
		async listContainers() {
			check();
			return Object.entries(machine.published ?? {}).map(([name, hostPort]) => ({
				id: name,
				name,
				image: 'image',
				imageId: 'sha256:0',
				state: 'running' as const,
				status: 'Up',
				createdAt: now,
				labels: {},
				ports: [{containerPort: 8888, hostPort, hostAddress: '127.0.0.1'}],
			}));
		},
		async listImages() {
			return (machine.images ?? ['debian:12']).map((tag, index) => ({
				id: `sha256:${index}`,
				tags: [tag],
				digests: [],
				sizeBytes: 1000 + index,
				labels: {},
			}));
		},
		createContainer: async () => 'probe',
		async startContainer() {
			if (startError !== undefined) {
				throw new EngineError('no-gpu', startError);
			}
		},
		waitContainer: async () => inside?.exitCode ?? 0,
		async *logs() {
			const lines = inventory.gpus.map(({index, name, uuid}) => `GPU ${index}: ${name} (UUID: ${uuid})\n`);
			yield {stream: 'stdout', data: Buffer.from(inside?.stdout ?? lines.join(''))};
		},
		async removeContainer(id) {
			removed.push(id);
		},
	};
}

/** A machine to look at, and what was removed from its engine. */
export async function probeOf(machine: Machine): Promise<Probe & {removed: string[]}> {
	const files = new Map(Object.entries({...healthyFiles, ...machine.files}));
	const cards = machine.cards === undefined ? [{device: '0x2684'}] : machine.cards;
	for (const [index, {device, driver = 'nvidia'}] of (cards ?? []).entries()) {
		const folder = `/sys/bus/pci/devices/0000:0${index + 1}:00.0`;
		files
			.set(`${folder}/vendor`, '0x10de\n')
			.set(`${folder}/class`, '0x030000\n')
			.set(`${folder}/device`, `${device}\n`);
		files.set(`${folder}/driver`, `../../../../bus/pci/drivers/${driver}`);
		// Each card has a sound device beside it.
		const sound = folder.replace(/0$/, '1');
		files.set(`${sound}/vendor`, '0x10de\n').set(`${sound}/class`, '0x040300\n');
	}

	if (cards !== null) {
		const bridge = '/sys/bus/pci/devices/0000:00:00.0';
		files.set(`${bridge}/vendor`, '0x8086\n').set(`${bridge}/class`, '0x060000\n');
	}

	const read = (path: string) => files.get(path) ?? undefined;
	const inventory = inventoryOf(machine);
	const engine = await engineOf(machine, inventory);
	return {
		removed: engine.removed,
		environment: {HOME: '/home/alice', PATH: '/usr/bin:/bin', ...machine.environment},
		person: {name: 'alice', uid: machine.uid ?? 1000, gid: 1000},
		groups: machine.groups ?? [1000, 999],
		engine,
		inventory: async () => inventory,
		readFile: async (path) => read(path),
		async listFolder(path) {
			const inside = [...files].flatMap(([name, content]) =>
				content !== null && name.startsWith(`${path}/`) ? [name.slice(path.length + 1).split('/')[0] ?? ''] : [],
			);
			return inside.length > 0 ? [...new Set(inside)] : undefined;
		},
		readLink: async (path) => read(path),
		exists: async (path) => read(path) !== undefined,
		isWritable: async (path) => !machine.unwritable?.includes(path),
		freeBytes: async (path) => ({'/dev/shm': 2 ** 36, '/var/lib/docker': 2 ** 40, ...machine.freeBytes})[path],
		run: async (file, words) =>
			machine.commands?.[[file, ...words].join(' ')] ?? machine.commands?.[file] ?? {exitCode: null, stdout: ''},
		dockerProxies: () => machine.dockerProxies,
		isPortFree: async (port) => !machine.taken?.includes(port),
		lookup: async () => machine.lookup,
		head: async () => machine.head ?? {status: 401, date: now.toUTCString()},
		now: () => now,
	};
}

/** What doctor says of a machine. */
export async function examine(machine: Machine): Promise<Check[]> {
	const probe = await probeOf(machine);
	const facts = await gatherFacts(probe, {deep: false, mirror: machine.mirror, signal: new AbortController().signal});
	return diagnose(facts);
}

export function checkOf(checks: readonly Check[], id: CheckId): Check {
	const check = checks.find((each) => each.id === id);
	if (check === undefined) {
		throw new Error(`There is no check ${id}`);
	}

	return check;
}
