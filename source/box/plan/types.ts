import type {EngineInfo, Mount} from '../../engine/engine.ts';
import type {Host} from '../../host/host.ts';
import type {ServiceName} from '../box.ts';
import type {SecretRequest} from '../files/secrets.ts';
import type {Personal} from '../files/write-files.ts';
import type {GpuSelection} from '../gpus/allocate.ts';
import type {GpusOfHost} from '../gpus/availability.ts';

/** What the user requested, after flags, gpubox.yaml and defaults were merged. Nothing of it depends on the host. */
export type BoxRequest = {
	/** The project's folder, absolute, symbolic links resolved. */
	project: string;
	services: ServiceName[];
	/** The image requested; the best one for the host when missing. */
	image?: string;
	/** As given to `--gpus`. */
	gpus: string;
	shareGpus: boolean;
	/** The name requested; derived from owner and folder when missing. */
	name?: string;
	/** Replaces the folder's name in the name of the box. */
	projectName?: string;
	/** Host port of the first service, when it must be this one. */
	port?: number;
	/** Host ports to use when they are free. */
	preferredPorts?: Partial<Record<ServiceName, number>>;
	/** Address that ports are published on. */
	bind: string;
	memoryBytes?: number;
	cpus?: number;
	sharedMemoryBytes?: number;
	pidsLimit?: number;
	mounts: Mount[];
	environment: Record<string, string>;
	/** Added to the image, as a separate layer. */
	packages?: Packages;
	/** Shell command that runs once in the new box. */
	postCreate?: string;
	secrets?: SecretRequest[];
	/** Let the box's user become root inside. */
	sudo?: true;
	/** Milliseconds after which others may stop it. */
	lasts?: number;
};

export type Packages = {apt: string[]; pip: string[]};

/** Exactly what to start and to build. */
export type ImagePin = {
	/** The image by its digest, to be pulled and started in place of the name. */
	reference: string;
	/** Hash of the image's layers. */
	rootfs: string;
	/** Versions for pip: `einops==0.8.1`. */
	constraints: string[];
	/** Versions of the distribution's packages, by name. */
	apt: Record<string, string>;
};

/** How an image starts its own SSH server: entrypoint and command. */
export type OwnServer = {start: string[]};

/** What is known of a new box before its GPUs and ports are claimed. */
export type Prepared = Personal & {
	request: BoxRequest;
	gpuSelection: GpuSelection;
	/** It was typed for this call. */
	gpusTyped?: true;
	engine: EngineInfo;
	/** Undefined when no GPU was asked for. */
	hostGpus: GpusOfHost | undefined;
	/** UUIDs of the GPUs that can use the image, where others cannot. */
	usableGpus?: string[];
	/** Reference that the user chose. */
	image: string;
	/** What is really started: the image itself or the one derived from it. */
	startImage: string;
	/** Its id, as the engine just had it. */
	startImageId?: string;
	/** Of the image that the user chose, `repository@sha256:…`; null for one that no registry has, or that is not pulled. */
	imageDigest?: string | null;
	/** Names of the labels that the image sets, which a container inherits. */
	imageLabels: readonly string[];
	/** The image's own SSH server, where that one is used. */
	ownServer?: OwnServer;
	/** What belongs to the project and is outside of it: the repository of a git worktree. */
	outsideMounts?: readonly Mount[];
	/** The image's own entrypoint; empty when it has none, or while it is not pulled yet. */
	entrypoint?: readonly string[];
	/** Where the user's own Python packages belong in this image: a name for its content. Missing where the image has a place of its own. */
	pythonPackages?: string;
	/** Of Docker's own configuration, for this engine: variables of every container. */
	proxies?: Record<string, string>;
};

/** What is settled for one attempt to create a box: all that depends on the other boxes. */
type Assigned = {
	name: string;
	/** Name of the folder that its files are in. */
	folder: string;
	/** Also in its record (record.ts). */
	nonce: string;
	/** UUIDs of the GPUs chosen. */
	gpus: string[];
	/** Its share of the host's GPUs, from 0 to 1; undefined when it has none. */
	gpuShare: number | undefined;
	/** Whether the engine can raise the limits for locked memory and open files above its own: not without root privileges. */
	raisesLimits: boolean;
	ports: Partial<Record<ServiceName, number>>;
	/** When it is created. */
	now: Date;
};

/** All that a plan is made of. */
export type BoxFacts = Pick<Host, 'person' | 'paths'> &
	Pick<
		Prepared,
		| 'request'
		| 'engine'
		| 'runAs'
		| 'groups'
		| 'umask'
		| 'image'
		| 'startImage'
		| 'imageLabels'
		| 'ownServer'
		| 'proxies'
		| 'entrypoint'
		| 'outsideMounts'
		| 'pythonPackages'
	> &
	Assigned;
