import type {EngineErrorCode, EngineInfo} from '../engine/engine.ts';
import type {GpuInventory} from '../gpu/gpu.ts';
import type {Distribution} from './distribution.ts';

/** A display controller of NVIDIA's on the PCI bus. */
export type PciGpu = {
	/** e.g. `0000:01:00.0` */
	busId: string;
	/** PCI device id, e.g. 0x2b85. */
	device: number;
	/** The kernel driver bound to it: `nvidia`, `nouveau`, `vfio-pci`. */
	driver: string | null;
};

export type LoadedModule = {version: string | null; flavour: 'open' | 'proprietary'};

/** What `nvidia-smi -L` said in a container that was given the GPUs. */
export type ContainerProbe =
	| {kind: 'seen'; image: string; gpus: number}
	/** `text`: the engine's or nvidia-smi's words. */
	| {kind: 'failed'; image: string; text: string}
	/** Nothing was started. */
	| {kind: 'skipped'; reason: string};

/** Whether something on the network answers. */
type NetworkAnswer =
	/** `at`: the server's clock when it says; milliseconds by which ours is ahead of it. */
	{kind: 'answered'; status: number; aheadMs: number | null} | {kind: 'failed'; text: string};

/** All that the checks look at, gathered at once. What cannot be seen from here is undefined. */
export type HostFacts = {
	/** How the engine is reached. */
	address: string;
	/** The engine is on this machine; otherwise nothing below the engine can be seen but what nvidia-smi tells over there. */
	local: boolean;
	distribution: Distribution;
	/** Windows Subsystem for Linux, where Windows has the driver. */
	wsl: boolean;
	/** Undefined when there is no PCI bus to look at. */
	pci: PciGpu[] | undefined;
	loaded: LoadedModule | undefined;
	/** Version of the module that is installed for the running kernel. */
	installedModule: string | undefined;
	nouveau: boolean;
	secureBoot: boolean | undefined;
	inventory: GpuInventory;
	engine: {info: EngineInfo} | {error: {code: EngineErrorCode; message: string}};
	/** An engine is installed on this machine. */
	dockerInstalled: boolean;
	person: {
		name: string;
		root: boolean;
		/** The group `docker` exists on this machine. */
		groupExists: boolean;
		/** The person is a member of it. */
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
	/** Ports that boxes like to have and that something holds; `by` the box, where it is one. */
	portsTaken: Array<{port: number; by: string | undefined}>;
	registry: {
		/** Where images come from: Docker Hub, or the mirror that is set. */
		url: string;
		mirror: boolean;
		/** Undefined where a proxy looks names up. */
		lookup: {kind: 'found'} | {kind: 'failed'; text: string} | undefined;
		answer: NetworkAnswer | undefined;
	};
	/** Whether a proxy is set in the shell; its address is not kept, for it may hold a password. */
	shellProxy: boolean;
	sshKeys: {
		/** Names of the public keys in ~/.ssh whose private half is there, and of those that an agent holds. */
		usable: string[];
		client: boolean;
	};
};
