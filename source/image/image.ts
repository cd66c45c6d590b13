/** The words of the image room. */
import type {Diagnostic} from '../base/failure.ts';

/** A service that an image brings. Labels, a team's entries and --json call `ssh` by its program: see `serviceWords`. */
export type Provides = 'jupyter' | 'ssh';

/**
How sure the catalogue is that the image exists and is what its entry says: `verified` read in a vendor's document or in
real output, `seen` used by others under this very name, `derived` follows from a documented rule, `secondary` told by
others, `unverified` not confirmed. `team` is a team's own entry, `metadata` was read off the image itself.
*/
type EntryStatus = 'verified' | 'seen' | 'derived' | 'secondary' | 'unverified' | 'team' | 'metadata';

type ImageKind = 'runtime' | 'devel' | 'server';

/** What is known of an image. What is not known is null, and never guessed. */
export type ImageFacts = {
	reference: string;
	/** Whose images these are: `pytorch`, `ngc`, `jupyter`…; null for an image that no catalogue knows. */
	family: string | null;
	/** e.g. `pytorch`, `tensorflow`, `cuda` for a bare CUDA base image. */
	framework: string | null;
	/** The framework's version, e.g. `2.8.0`. */
	version: string | null;
	/** As exact as known: `12.8` or `12.8.1`. */
	cuda: string | null;
	/** Known to have no CUDA in it. */
	cpuOnly: boolean;
	/** Compute capabilities that it holds machine code for, e.g. `9.0`. */
	computeCapabilities: string[] | null;
	/** Compute capabilities that it holds PTX of, which the driver can compile for newer cards. */
	ptx: string[];
	/** The oldest card its makers support, where they tell no list. */
	minComputeCapability: string | null;
	/** A newer driver than CUDA itself asks for, where its makers want one. */
	minDriver: string | null;
	/** e.g. `linux/amd64` */
	platforms: string[];
	provides: Provides[];
	kind: ImageKind | null;
	/** The image makes NVIDIA's start-up hook check the driver. */
	setsNvidiaRequireCuda: boolean;
	/** The check's own words, where they are known. */
	requireCuda: string | null;
	/** What else the hook asks of the host: each text must hold as well. */
	otherRequirements?: string[];
	/** Its CUDA_VERSION, which the hook wants to compare and which is no version. */
	badCudaVersion?: string;
	/** Holds `/usr/local/cuda/compat`: libcuda of a newer driver. */
	hasCompatLibs: boolean;
	/** What a pull transfers, about. */
	downloadBytes: number | null;
	/** ISO 8601, to the month or the day. */
	released: string | null;
	/** The tag is moved to newer builds: `latest` and the like. */
	moving: boolean;
	status: EntryStatus;
	/** Names of sources of the catalogue file that the entry stands in. */
	sources: string[];
};

export type GpuClass = 'datacentre' | 'workstation' | 'geforce' | 'titan' | 'jetson';

export type JudgedGpu = {
	uuid: string;
	index: number;
	name: string;
	computeCapability: string | null;
	/** NVIDIA's product line decides about forward compatibility; null when the name tells nothing. */
	class: GpuClass | null;
};

/** How the engine puts GPUs into a container: NVIDIA's prestart hook, or CDI (also the toolkit's own just-in-time kind). */
export type Injection = 'legacy-hook' | 'cdi' | 'none' | 'unknown';

/** All that the judge looks at, gathered before. `gpus` are those that the box would get. */
export type FitFacts = {
	driverVersion: string | null;
	/** What nvidia-smi prints as CUDA Version; derived from the driver when null. */
	cudaVersion: string | null;
	gpus: JudgedGpu[];
	/** The engine's word or Node's: `x86_64`, `amd64`, `aarch64`, `arm64`. */
	architecture: string;
	engine: {injection: Injection};
	/** Where the engine keeps its images; null when not known. */
	freeDiskBytes: number | null;
};

export type Verdict = true | false | 'unknown';

export type ReasonCode =
	| 'driver-too-old'
	| 'gpu-too-new'
	| 'gpu-too-old'
	| 'wrong-architecture'
	| 'not-enough-disk'
	| 'no-gpu-runtime'
	| 'unknown-cuda'
	/** The driver could not be asked. */
	| 'unknown-driver'
	/** The card's compute capability is not known. */
	| 'unknown-gpu'
	/** What the image was compiled for is not known. */
	| 'unknown-capabilities'
	/** NVIDIA names the driver branches, and this one is not among them. */
	| 'driver-not-listed'
	/** The image's libraries of a newer driver may be put in front of the host's on a GeForce card: error 804. */
	| 'compat-libraries'
	/** Only PTX of it runs on the card, and the image's own libraries do not know the card. */
	| 'untested-gpu'
	/** There is no CUDA in the image. */
	| 'no-cuda';

/** What stands against it. */
export type Reason = Diagnostic & {code: ReasonCode};

/** Notes for the user although the image fits. */
export type Note = {
	code: /** CUDA of the same major version as the driver's, newer by its minor one. */
		| 'minor-version'
		/** Through the compatibility libraries in the image. */
		| 'forward-compatibility'
		/** The driver compiles its code for the card at a long first start. */
		| 'compiled-at-start'
		/** No GPU was asked for. */
		| 'no-gpu';
	message: string;
};

export type GpuVerdict = Pick<JudgedGpu, 'uuid' | 'index' | 'name'> & {
	fits: Verdict;
	reasons: Reason[];
};

export type Judgement = {
	/** Every card given can use it, on this machine and this engine. */
	fits: Verdict;
	/** Each card by itself. */
	perGpu: GpuVerdict[];
	/** UUIDs of the cards that can use it for certain, when nothing else of the host stands against it. */
	usable: string[];
	/** Why not, or why it is not known; empty when it fits. */
	reasons: Reason[];
	/** Notes for the user although it fits. */
	notes: Note[];
};
