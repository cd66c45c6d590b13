import {join} from 'node:path';
import {EngineError, type EngineErrorCode, type EngineInfo} from '../engine/engine.ts';
import type {GpuInventory} from '../gpu/gpu.ts';
import {systemFolders} from '../gpu/smi/locate.ts';
import {safeText} from '../text/safe.ts';
import {probeContainer} from './container-probe.ts';
import {parseOsRelease} from './distribution.ts';
import type {ContainerProbe, HostFacts, LoadedModule, PciGpu} from './facts.ts';
import type {Probe} from './probe.ts';

export type GatherOptions = {
	/** Pull a small image for the test in a container when there is no local one. */
	deep: boolean;
	/** A mirror to check in place of Docker Hub: `mirror.example:5000`. */
	mirror: string | undefined;
	signal: AbortSignal;
	/** Called with facts as they become known. */
	onFacts?: (facts: Partial<HostFacts>) => void;
	/** Gathers only these again; all others stay as they were. */
	again?: {before: HostFacts; facts: ReadonlySet<keyof HostFacts>};
};

const dockerHub = 'https://registry-1.docker.io/v2/';
const pciFolder = '/sys/bus/pci/devices';
const ports = [8888, 2222];
// The engine and its list of containers come from the same daemon, which can hang.
const engineTimeoutMs = 10_000;

/**
Inspects the whole machine at once; only the test in a container waits for the rest.

@throws the reason of the signal
*/
export async function gatherFacts(probe: Probe, options: GatherOptions): Promise<HostFacts> {
	const {signal, onFacts, again} = options;
	const {local, address} = probe.engine;
	onFacts?.({...(again && without(again.before, again.facts)), address, local});
	const tell = async <Part extends Partial<HostFacts>>(part: Part | Promise<Part>): Promise<Part> => {
		const known = await part;
		signal.throwIfAborted();
		onFacts?.(known);
		return known;
	};
	/** What was known before, where nothing of it is to be gathered again. */
	const unlessKnown = async <Key extends keyof HostFacts>(
		keys: readonly Key[],
		gather: () => Pick<HostFacts, Key> | Promise<Pick<HostFacts, Key>>,
	): Promise<Pick<HostFacts, Key>> =>
		again === undefined || keys.some((key) => again.facts.has(key)) ? tell(gather()) : pick(again.before, keys);
	const inventory = unlessKnown(['inventory'], async () => ({inventory: await probe.inventory(signal)}));
	// Who holds a port, and where the engine's files are, is its answer too.
	const asked = askEngine(probe, signal);
	const answer = tell(asked.then(({engine}) => ({engine})));
	const infoOf = async () => {
		const {engine} = await asked;
		return 'info' in engine ? engine.info : undefined;
	};
	const parts = await Promise.all([
		inventory,
		answer,
		unlessKnown(gpuLayers, () => (local ? readGpuLayers(probe, signal) : nothingOfGpus)),
		unlessKnown(systemFacts, () => readSystem(probe, signal)),
		unlessKnown(['registry'], () => askNetwork(probe, options)),
		unlessKnown(['toolkit'], async () => ({toolkit: await readToolkit(probe, await infoOf(), signal)})),
		unlessKnown(['freeDiskBytes'], async () => {
			const info = await infoOf();
			return {freeDiskBytes: info && local ? await probe.freeBytes(info.rootDirectory) : undefined};
		}),
		unlessKnown(['portsTaken'], async () => ({
			portsTaken: local ? await findTakenPorts(probe, (await asked).owners) : [],
		})),
		unlessKnown(['container'], async () => ({
			container: await tryContainer(probe, await infoOf(), (await inventory).inventory, options),
		})),
	]);
	signal.throwIfAborted();
	const [smi, engine, gpus, system, network, toolkit, disk, taken, container] = parts;
	return {
		address,
		local,
		...smi,
		...engine,
		...gpus,
		...system,
		...network,
		...toolkit,
		...disk,
		...taken,
		...container,
	};
}

function without(facts: HostFacts, keys: ReadonlySet<keyof HostFacts>): Partial<HostFacts> {
	return Object.fromEntries(Object.entries(facts).filter(([key]) => !keys.has(key as keyof HostFacts)));
}

function pick<Key extends keyof HostFacts>(facts: Pick<HostFacts, Key>, keys: readonly Key[]): Pick<HostFacts, Key> {
	return Object.fromEntries(keys.map((key) => [key, facts[key]])) as Pick<HostFacts, Key>;
}

/** With the names of the containers that hold a port. */
type EngineAnswer = Pick<HostFacts, 'engine'> & {owners: Map<number, string>};

async function askEngine({engine}: Probe, signal: AbortSignal): Promise<EngineAnswer> {
	const timeoutSignal = AbortSignal.any([signal, AbortSignal.timeout(engineTimeoutMs)]);
	const refused = (code: EngineErrorCode, message: string) => ({engine: {error: {code, message}}, owners: new Map()});
	try {
		const [info, containers] = await Promise.all([
			engine.info(timeoutSignal),
			engine.listContainers({signal: timeoutSignal}),
		]);
		const owners = new Map(
			containers.flatMap(({name, ports: published}) =>
				published.flatMap(({hostPort}) => (hostPort === undefined ? [] : [[hostPort, safeText(name)] as const])),
			),
		);
		return {engine: {info}, owners};
	} catch (error) {
		signal.throwIfAborted();
		if (timeoutSignal.aborted) {
			return refused('failed', `no answer for ${engineTimeoutMs / 1000} s`);
		}

		if (error instanceof EngineError) {
			return {engine: {error: {code: error.code, message: error.message, fix: error.fix}}, owners: new Map()};
		}

		// An invalid address, or missing keys: reported with the reason; the other layers are checked anyway.
		return refused('unreachable', safeText(error instanceof Error ? error.message : String(error)));
	}
}

const gpuLayers = ['pci', 'loaded', 'installedModule', 'nouveau', 'secureBoot', 'wsl'] as const;
type GpuLayers = Pick<HostFacts, (typeof gpuLayers)[number]>;

const nothingOfGpus: GpuLayers = {
	pci: undefined,
	loaded: undefined,
	installedModule: undefined,
	nouveau: false,
	secureBoot: undefined,
	wsl: false,
};

async function readGpuLayers(probe: Probe, signal: AbortSignal): Promise<GpuLayers> {
	const [pci, version, modules, kernel, modinfo, mokutil] = await Promise.all([
		readPci(probe),
		probe.readFile('/proc/driver/nvidia/version'),
		probe.readFile('/proc/modules'),
		probe.readFile('/proc/version'),
		probe.run('modinfo', ['-F', 'version', 'nvidia'], signal),
		probe.run('mokutil', ['--sb-state'], signal),
	]);
	return {
		pci,
		loaded: parseModule(version),
		installedModule: modinfo.exitCode === 0 ? safeText(modinfo.stdout) || undefined : undefined,
		nouveau: /^nouveau /m.test(modules ?? ''),
		secureBoot:
			/SecureBoot (enabled|disabled)/.exec(mokutil.stdout)?.[1] === undefined
				? undefined
				: /SecureBoot enabled/.test(mokutil.stdout),
		wsl: /microsoft/i.test(kernel ?? ''),
	};
}

/** `NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build …`; without "Open" it is the proprietary one. */
function parseModule(text: string | undefined): LoadedModule | undefined {
	const line = text?.split('\n').find((each) => each.startsWith('NVRM version:'));
	if (line === undefined) {
		return undefined;
	}

	return {
		version: /\s(\d{2,4}\.\d+(?:\.\d+)*)\s/.exec(line)?.[1] ?? null,
		flavour: /open kernel module/i.test(line) ? 'open' : 'proprietary',
	};
}

/** NVIDIA's display controllers (class 0x03…), without their audio and USB functions. */
async function readPci(probe: Probe): Promise<PciGpu[] | undefined> {
	const names = await probe.listFolder(pciFolder);
	if (names === undefined) {
		return undefined;
	}

	const found = await Promise.all(
		names.sort().map(async (busId): Promise<PciGpu[]> => {
			const file = (name: string) => probe.readFile(join(pciFolder, busId, name));
			const [vendor, kind] = await Promise.all([file('vendor'), file('class')]);
			if (vendor?.trim() !== '0x10de' || !kind?.startsWith('0x03')) {
				return [];
			}

			const [device, driver] = await Promise.all([file('device'), probe.readLink(join(pciFolder, busId, 'driver'))]);
			return [{busId: safeText(busId), device: Number(device?.trim()) || 0, driver: driver?.split('/').at(-1) ?? null}];
		}),
	);
	return found.flat();
}

const systemFacts = [
	'distribution',
	'dockerInstalled',
	'person',
	'sharedMemory',
	'shellProxy',
	'dockerProxy',
	'sshKeys',
] as const;

async function readSystem(probe: Probe, signal: AbortSignal): Promise<Pick<HostFacts, (typeof systemFacts)[number]>> {
	const {person, groups} = probe;
	const [release, groupFile, dockerd, ssh, freeBytes, sshKeys] = await Promise.all([
		probe.readFile('/etc/os-release'),
		probe.readFile('/etc/group'),
		isInstalled(probe, 'dockerd'),
		isInstalled(probe, 'ssh'),
		probe.freeBytes('/dev/shm'),
		readKeys(probe, signal),
	]);
	const [, gid, members = ''] = /^docker:[^:]*:(\d+):(.*)$/m.exec(groupFile ?? '') ?? [];
	return {
		distribution: parseOsRelease(release),
		dockerInstalled: dockerd || (await probe.exists('/snap/bin/docker')),
		person: {
			name: person.name,
			root: person.uid === 0,
			groupExists: gid !== undefined,
			inGroup: members.split(',').includes(person.name) || groups.includes(Number(gid ?? Number.NaN)),
			groupActive: gid !== undefined && groups.includes(Number(gid)),
		},
		sharedMemory: freeBytes === undefined ? undefined : {freeBytes, writable: await probe.isWritable('/dev/shm')},
		shellProxy: hasProxy(probe),
		dockerProxy: probe.dockerProxies()?.origin,
		sshKeys: {client: ssh, usable: sshKeys},
	};
}

function hasProxy({environment}: Probe): boolean {
	return ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY'].some((name) =>
		Boolean(environment[name]),
	);
}

/** Daemons are in folders that a user's PATH often does not include. */
async function isInstalled(probe: Probe, command: string): Promise<boolean> {
	const path = [...new Set([...(probe.environment.PATH ?? '').split(':').filter(Boolean), ...systemFolders])];
	return (await Promise.all(path.map((folder) => probe.exists(join(folder, command))))).includes(true);
}

async function readKeys(probe: Probe, signal: AbortSignal): Promise<string[]> {
	const {environment} = probe;
	const folder = join(environment.HOME || '/', '.ssh');
	const names = (await probe.listFolder(folder)) ?? [];
	const pairs = names.filter((name) => name.endsWith('.pub') && names.includes(name.slice(0, -4))).sort();
	const agent = environment.SSH_AUTH_SOCK ? await probe.run('ssh-add', ['-l'], signal) : undefined;
	const held = agent?.exitCode === 0 ? agent.stdout.split('\n').filter((line) => /^\d+ /.test(line)).length : 0;
	return [...pairs.map((name) => safeText(name.slice(0, -4))), ...(held > 0 ? [`${held} in the agent`] : [])];
}

async function readToolkit(
	probe: Probe,
	info: EngineInfo | undefined,
	signal: AbortSignal,
): Promise<HostFacts['toolkit']> {
	if (!probe.engine.local) {
		return {version: undefined, hook: false, cdiFiles: []};
	}

	const directories = new Set([...(info?.cdiSpecDirectories ?? []), '/etc/cdi', '/var/run/cdi']);
	const [ctk, hook, cdiHook, files] = await Promise.all([
		probe.run('nvidia-ctk', ['--version'], signal),
		isInstalled(probe, 'nvidia-container-runtime-hook'),
		isInstalled(probe, 'nvidia-cdi-hook'),
		Promise.all(
			[...directories].map(async (directory) =>
				((await probe.listFolder(directory)) ?? [])
					.filter((name) => /nvidia.*\.(?:ya?ml|json)$/.test(name))
					.map((name) => safeText(join(directory, name))),
			),
		),
	]);
	return {
		version: /version ([\d.]+)/.exec(ctk.stdout)?.[1] ?? (ctk.exitCode === 0 ? 'of unknown version' : undefined),
		hook: hook || cdiHook,
		cdiFiles: files.flat(),
	};
}

async function tryContainer(
	{engine}: Probe,
	info: EngineInfo | undefined,
	inventory: GpuInventory,
	{deep, signal}: GatherOptions,
): Promise<ContainerProbe> {
	return info === undefined
		? {kind: 'skipped', reason: 'no engine answers'}
		: probeContainer(engine, info, inventory, {deep, signal});
}

async function findTakenPorts(probe: Probe, owners: Map<number, string>): Promise<HostFacts['portsTaken']> {
	const free = await Promise.all(ports.map((port) => probe.isPortFree(port)));
	return ports.filter((_, index) => free[index] === false).map((port) => ({port, by: owners.get(port)}));
}

async function askNetwork(probe: Probe, {mirror, signal}: GatherOptions): Promise<Pick<HostFacts, 'registry'>> {
	const url =
		mirror === undefined ? dockerHub : `https://${mirror.replace(/^https?:\/\//, '').replace(/\/.*$/, '')}/v2/`;
	const base = {url, mirror: mirror !== undefined};
	if (!probe.engine.local || !URL.canParse(url)) {
		return {registry: {...base, url: URL.canParse(url) ? url : dockerHub, lookup: undefined, answer: undefined}};
	}

	const proxied = hasProxy(probe);
	const failed = proxied ? undefined : await probe.lookup(new URL(url).hostname, signal);
	const lookup = proxied ? undefined : {kind: 'found' as const};
	if (failed !== undefined) {
		return {registry: {...base, lookup: {kind: 'failed', text: failed}, answer: undefined}};
	}

	const overTls = await probe.head(url, signal);
	// An engine may talk to a mirror in its own network without TLS (insecure-registries), as it does to its own machine.
	const plain =
		'failed' in overTls && mirror !== undefined ? await probe.head(url.replace('https:', 'http:'), signal) : overTls;
	const answer = 'failed' in plain ? overTls : plain;
	if ('failed' in answer) {
		return {registry: {...base, lookup, answer: {kind: 'failed', text: answer.failed}}};
	}

	const theirs = Date.parse(answer.date ?? '');
	const aheadMs = Number.isNaN(theirs) ? null : probe.now().getTime() - theirs;
	return {registry: {...base, lookup, answer: {kind: 'answered', status: answer.status, aheadMs}}};
}
