import type {EngineErrorCode, EngineInfo} from '../engine/engine.ts';
import type {GpuInventory} from '../gpu/gpu.ts';
import type {Distribution} from './distribution.ts';

/** An NVIDIA display controller on the PCI bus. */
export type PciGpu = {
	/** e.g. `0000:01:00.0` */
	busId: string;
	/** PCI device id, e.g. 0x2b85. */
	device: number;
	/** The kernel driver bound to it: `nvidia`, `nouveau`, `vfio-pci`. */
	driver: string | null;
};

export type LoadedModule = {version: string | null; flavour: 'open' | 'proprietary'};

/** The output of `nvidia-smi -L` in a container with the GPUs. */
export type ContainerProbe =
	| {kind: 'seen'; image: string; gpus: number}
	/** `text`: the error of the engine or nvidia-smi. */
	| {kind: 'failed'; image: string; text: string}
	/** Nothing was started. */
	| {kind: 'skipped'; reason: string};

/** Whether something on the network answers. */
type NetworkAnswer =
	/** Milliseconds by which the local clock is ahead of the server's, where it sends its time. */
	{kind: 'answered'; status: number; aheadMs: number | null} | {kind: 'failed'; text: string};

/** All facts for the checks, gathered at once. What cannot be read from here is undefined. */
export type HostFacts = {
	/** How the engine is reached. */
	address: string;
	/** The engine is on this machine; otherwise nothing below the engine can be read except the output of the remote nvidia-smi. */
	local: boolean;
	distribution: Distribution;
	/** Windows Subsystem for Linux, where Windows has the driver. */
	wsl: boolean;
	/** Undefined when there is no PCI bus. */
	pci: PciGpu[] | undefined;
	loaded: LoadedModule | undefined;
	/** Version of the module that is installed for the running kernel. */
	installedModule: string | undefined;
	nouveau: boolean;
	secureBoot: boolean | undefined;
	inventory: GpuInventory;
	engine: {info: EngineInfo} | {error: {code: EngineErrorCode; message: string; fix?: string | undefined}};
	/** An engine is installed on this machine. */
	dockerInstalled: boolean;
	person: {
		name: string;
		root: boolean;
		/** The group `docker` exists on this machine. */
		groupExists: boolean;
		/** The user is a member of it. */
		inGroup: boolean;
		/** This login already has it. */
		groupActive: boolean;
	};
	toolkit: {
		/** Version of nvidia-ctk. */
		version: string | undefined;
		/** NVIDIA's hook is on this machine. */
		hook: boolean;
		/** Files that describe NVIDIA's GPUs for CDI. */
		cdiFiles: string[];
	};
	container: ContainerProbe;
	/** Of /dev/shm; undefined when it is missing. */
	sharedMemory: {freeBytes: number; writable: boolean} | undefined;
	/** Where the engine keeps images. */
	freeDiskBytes: number | undefined;
	/** The usual ports of boxes that are in use; `by` which box, where it is one. */
	portsTaken: Array<{port: number; by: string | undefined}>;
	registry: {
		/** Where images come from: Docker Hub, or the mirror that is set. */
		url: string;
		mirror: boolean;
		/** Undefined where a proxy resolves names. */
		lookup: {kind: 'found'} | {kind: 'failed'; text: string} | undefined;
		answer: NetworkAnswer | undefined;
	};
	/** Whether a proxy is set in the shell; its URL is not stored, because it may contain a password. */
	shellProxy: boolean;
	/** Where the proxies of boxes and builds come from: an entry of Docker's own configuration. Its URLs are not stored either. */
	dockerProxy: string | undefined;
	sshKeys: {
		/** Names of the key pairs in ~/.ssh, and of the agent's keys. */
		usable: string[];
		client: boolean;
	};
};
