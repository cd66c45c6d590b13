/**
The one door to a container engine. The rest of gpubox knows this interface and never the library behind it: the real
one (docker.ts) and the demo host both implement it.

Names and numbers are gpubox's, not the Engine API's: bytes are bytes, times are `Date`, ids are whole.
*/
import type {Duplex} from 'node:stream';

/** The engine's own description. */
export type EngineInfo = {
	/** e.g. `29.4.1` */
	version: string;
	/** Docker's word for the processor: `x86_64`, `aarch64` */
	architecture: string;
	/** Folder in which the engine keeps images and layers; on another machine when the engine is remote. */
	rootDirectory: string;
	cpus: number;
	memoryBytes: number;
	/** The machine that it runs on, in its own words. */
	machine?: {hostname?: string; kernel?: string};
	runtimes: string[];
	/** CDI devices the engine discovered (API 1.50 or newer), e.g. `nvidia.com/gpu=0`; empty on older engines. */
	cdiDevices: string[];
	/** Folders it reads CDI specifications from; empty means CDI is off. */
	cdiSpecDirectories: string[];
	rootless: boolean;
	/** `docker`, or `podman` behind its Docker-compatible socket. */
	flavour: 'docker' | 'podman';
	registryMirrors: string[];
	/** It pulls through a proxy. */
	proxied?: boolean;
	/** The runtime of containers that name none: `runc`, `nvidia`, `runsc`. */
	defaultRuntime?: string;
	/** It maps users to others of the host (userns-remap), so that the same uid is another one outside. */
	remapsUsers?: boolean;
	/** Containers that do not say otherwise cannot gain privileges. */
	noNewPrivileges?: boolean;
	/** The log driver of containers that name none. */
	logDriver?: string;
	/** `1` or `2` */
	cgroupVersion?: string;
	/** Limits that its kernel does not have, so that it drops them from a request without a word. */
	missingLimits?: Array<'memory' | 'CPU' | 'process'>;
};

/** How GPUs are asked for: by the engine's GPU driver, or by CDI device names. */
export type GpuMechanism = 'gpu' | 'cdi';

/** Podman knows CDI alone. */
export function gpuMechanismOf({flavour}: Pick<EngineInfo, 'flavour'>): GpuMechanism {
	return flavour === 'podman' ? 'cdi' : 'gpu';
}

/**
Whether a GPU request reaches containers of the engine's default runtime: it is carried out in runc, and in what is made of it, but not in
a sandbox such as gVisor or Kata. An engine that does not tell has runc.
*/
export function defaultRuntimeHasGpus({defaultRuntime = 'runc'}: Pick<EngineInfo, 'defaultRuntime'>): boolean {
	return /^(?:runc|io\.containerd\.runc\.v2|crun|nvidia.*)$/.test(defaultRuntime);
}

export type ContainerState = 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';

export type PublishedPort = {
	containerPort: number;
	/** Undefined while the container does not run and the port is not fixed. */
	hostPort?: number;
	hostAddress: string;
};

/** A row of the container list. */
export type Container = {
	id: string;
	name: string;
	/** The reference it was created from. */
	image: string;
	imageId: string;
	state: ContainerState;
	createdAt: Date;
	labels: Record<string, string>;
	ports: PublishedPort[];
	/** Folders and files of the engine's machine that it mounts. Missing in the description of one container. */
	hostPaths?: string[];
};

/** What a running container uses, measured over the last second. What the engine does not tell is null. */
export type ContainerUse = {
	/** 100 is one whole CPU, as `docker stats` counts. */
	cpuPercent: number | null;
	/** Without what its kernel keeps of files and gives back at any time, as in `docker stats`. */
	memoryBytes: number | null;
	/** Its own limit; without one that of the machine. */
	memoryLimitBytes: number | null;
	/** Since its start, over all its networks; null where it has none of its own. */
	receivedBytes: number | null;
	sentBytes: number | null;
	/** When it was measured, in milliseconds since 1970, by the engine's clock. */
	at: number;
};

export type Mount = {
	type: 'bind' | 'volume' | 'tmpfs';
	/** Host path or volume name; unused for tmpfs. */
	source?: string;
	target: string;
	readOnly?: boolean;
	/** tmpfs only. */
	sizeBytes?: number;
};

/** All of what `create` sets. Everything here can also be written as a `docker run` line. */
export type ContainerSpec = {
	name: string;
	image: string;
	command?: string[];
	entrypoint?: string[];
	environment: Record<string, string>;
	labels: Record<string, string>;
	/** `uid:gid` or a name known to the image. */
	user?: string;
	hostname?: string;
	workingDirectory?: string;
	mounts: Mount[];
	ports: Array<{containerPort: number; hostPort: number; hostAddress: string}>;
	/** GPU and MIG UUIDs; empty means none. */
	gpus: string[];
	gpuMechanism: GpuMechanism;
	gpuCapabilities?: string[];
	init: boolean;
	sharedMemoryBytes?: number;
	memoryBytes?: number;
	/** Whole or part CPUs, e.g. 2.5 */
	cpus?: number;
	pidsLimit?: number;
	/** -1 is unlimited. */
	ulimits?: Record<string, number>;
	capDrop: string[];
	capAdd: string[];
	securityOptions: string[];
	/** Further groups of its user, as numbers. */
	groups?: number[];
	network?: string;
	/** As docker names them: `private`, `host`. What is missing here is the engine's to choose. */
	ipc?: string;
	cgroupNamespace?: string;
	userNamespace?: string;
	runtime?: string;
	/** Without it the image's: a health check that runs for as long as the container does. */
	healthCheck?: false;
	/** Without it the image's, e.g. `SIGTERM`. */
	stopSignal?: string;
	stopTimeoutSeconds?: number;
	logMaxSize?: string;
	logMaxFiles?: number;
};

export type ContainerDetail = Container & {
	exitCode: number;
	/** A process in it was killed at its memory limit, the first one or another. */
	oomKilled: boolean;
	/** How often its restart policy started it again; missing where the engine does not tell. */
	restartCount?: number;
	startedAt?: Date;
	/** Missing until it ended. */
	finishedAt?: Date;
	mounts: Mount[];
	/** As it was created, with what its image brings. Missing where the engine does not tell. */
	spec?: ContainerSpec;
};

export type Image = {
	id: string;
	tags: string[];
	/** `repository@sha256:…`, empty for images that were never pushed or pulled. */
	digests: string[];
	architecture: string;
	/** As registries write it: `linux/amd64`, `linux/arm64/v8`. */
	platform: string;
	/** Digests of the uncompressed layers, the lowest first: the same in every image store, registry or none. */
	layers: string[];
	sizeBytes: number;
	createdAt?: Date;
	labels: Record<string, string>;
	environment: Record<string, string>;
	/** The image's own default command. */
	command: string[];
	entrypoint: string[];
	exposedPorts: number[];
	user: string;
};

export type ImageSummary = Pick<Image, 'id' | 'tags' | 'digests' | 'sizeBytes' | 'createdAt' | 'labels'>;

/** What the engine's disk is used for. What it does not tell is null. */
export type DiskUsage = {
	images: Array<{id: string; sizeBytes: number /** Of which others have a part, too. */; sharedBytes: number | null}>;
	/** What a container wrote on top of its image. */
	containers: Array<{id: string; writtenBytes: number | null}>;
	buildCacheBytes: number | null;
};

/** One message of a pull: a layer's state, or a line of status when `layer` is missing. */
export type PullProgress = {
	layer?: string;
	status: string;
	/** gpubox's own word on what it waits for, worth a line also where progress is not drawn. */
	remark?: true;
	currentBytes?: number;
	totalBytes?: number;
};

export type FileKind = 'file' | 'folder' | 'link' | 'other';

export type FileChange = {path: string; kind: 'modified' | 'added' | 'deleted'};

/** A file of a build context, or one that is put into a container. */
export type BuildFile = {path: string; content: string; mode?: number};

/** An entry of a build context that is too large to be held in memory. Paths are relative, with `/`. */
export type ContextEntry = {path: string; mode: number} & (
	| {kind: 'folder'}
	| {kind: 'link'; target: string}
	/** Exactly `bytes` bytes. */
	| {kind: 'file'; bytes: number; open: () => AsyncIterable<Uint8Array>}
);

export type BuildOptions = {
	files: BuildFile[];
	/** Sent after `files`, one after the other. What it throws ends the build. */
	context?: AsyncIterable<ContextEntry>;
	/** The file of the context with the instructions; `Dockerfile` when missing. */
	dockerfile?: string;
	tag: string;
	arguments?: Record<string, string>;
	labels?: Record<string, string>;
	/** Every step is run again, so that packages without a version are the newest. */
	noCache?: boolean;
	/** Called with every line the build prints. Foreign text. */
	onLine?: (line: string) => void;
	signal?: AbortSignal;
};

/**
`starts` is where in `data` the engine's entries begin, in ascending order: each is a line or a part of a long one, and has its own timestamp
where those are asked for. Missing where the engine does not tell: with a terminal there is no frame around an entry.
*/
export type LogChunk = {stream: 'stdout' | 'stderr'; data: Buffer; starts?: readonly number[]};

/** What a container prints, from the moment at which it was asked for. */
export type Attached = {
	/** Ends without an error also where the connection is lost between two pieces. */
	output: AsyncIterable<LogChunk>;
	/** Lets the connection go; `output` ends. The container runs on. */
	close(): void;
};

export type LogOptions = {
	follow?: boolean;
	/** Lines from the end; all when missing. */
	tail?: number;
	since?: Date;
	/** Not together with `follow`. */
	until?: Date;
	/** Puts the time (RFC 3339) and a space before each entry. */
	timestamps?: boolean;
	/** Each piece is there only until the next one is asked for, so that a flood takes no more memory than one of them. */
	lent?: boolean;
	/** All of it comes at once, and more than so many bytes is an error. Not together with `follow`. */
	mostBytes?: number;
	/** It is known to have no terminal, so that nothing has to be asked first. */
	withoutTerminal?: boolean;
	signal?: AbortSignal;
};

export type EngineEvent = {
	type: 'container' | 'image' | 'volume' | 'network' | 'daemon';
	/** e.g. `start`, `die`, `destroy`, `health_status: healthy` */
	action: string;
	attributes: Record<string, string>;
};

export type ExecSpec = {
	command: string[];
	user?: string;
	workingDirectory?: string;
	environment?: Record<string, string>;
	tty: boolean;
	stdin: boolean;
	/** e.g. `ctrl-p,ctrl-q`; the engine's default when missing. */
	detachKeys?: string;
	/** First size of the terminal, so that the command never sees another. */
	size?: {columns: number; rows: number};
};

/** A command running inside a container. `stream` carries stdout and stderr as one with a terminal, framed without. */
export type ExecSession = {
	stream: Duplex;
	resize(size: {columns: number; rows: number}): Promise<void>;
	/** Resolves once the command ended; `detached` when the user left it running by the detach keys. */
	wait(): Promise<{exitCode: number; detached: boolean}>;
};

export type ContainerProcess = {
	/** On the engine's host, as its parent's. */
	pid: number;
	parent: number;
	/** Its command line, or the title that it gave itself. */
	title: string;
};

/**
What gpubox needs of a Docker Engine. Every question takes a signal, last or among its options. Once that aborts, a question that only reads
ends at once with EngineError `aborted`; one that changes something gets a few seconds, so that it is known what it did. Calls
that clean up pass no signal: they run because one was aborted.
*/
export type Engine = {
	/** Its address for display: `unix:///var/run/docker.sock`, `ssh://user@host`. */
	readonly address: string;
	/** Whether paths and ports of the engine are those of this machine. */
	readonly local: boolean;

	info(signal?: AbortSignal): Promise<EngineInfo>;

	/** All containers, stopped ones too, that carry every label in `labels` (`key` or `key=value`). */
	listContainers(options?: {labels?: string[]; signal?: AbortSignal}): Promise<Container[]>;
	/** By id, by the start of an id or by name. Undefined when there is none. */
	inspectContainer(id: string, signal?: AbortSignal): Promise<ContainerDetail | undefined>;
	/** Atomic on the name: throws EngineError `name-taken` when it exists. Returns the id. */
	createContainer(spec: ContainerSpec, signal?: AbortSignal): Promise<string>;
	startContainer(id: string, signal?: AbortSignal): Promise<void>;
	stopContainer(id: string, options?: {timeoutSeconds?: number; signal?: AbortSignal | undefined}): Promise<void>;
	/** Sends a signal (`SIGINT`) to its first process. Throws EngineError `conflict` when it does not run. */
	killContainer(id: string, killSignal: string, signal?: AbortSignal): Promise<void>;
	/** Atomic on the new name, as `createContainer` is. */
	renameContainer(id: string, name: string, signal?: AbortSignal): Promise<void>;
	/** Without `force` the engine refuses (`conflict`) when it runs; never removes a running container by accident. */
	removeContainer(id: string, options?: {force?: boolean; volumes?: boolean; signal?: AbortSignal}): Promise<void>;
	/** Resolves with the exit code once the container stops. */
	waitContainer(id: string, signal?: AbortSignal): Promise<number>;
	logs(id: string, options?: LogOptions): AsyncIterable<LogChunk>;
	/**
	Connects to the output of a container without a terminal; of one that is not started yet, to all of it. The engine holds the container
	up when what it prints is not read.
	*/
	attach(id: string, signal?: AbortSignal): Promise<Attached>;
	/** Once `signal` aborts, the connection is let go; the command runs on. */
	exec(id: string, spec: ExecSpec, signal?: AbortSignal): Promise<ExecSession>;
	/** What the container itself changed of its image: absolute paths, without anything that is mounted. */
	changes(id: string, signal?: AbortSignal): Promise<FileChange[]>;
	/**
	What the container uses, measured every second until `signal` aborts. Of a container that does not run, nothing comes. Throws
	EngineError when the stream breaks.

	`everyMs` leaves out what comes sooner after the one before.
	*/
	stats(id: string, options: {signal: AbortSignal; everyMs?: number}): AsyncIterable<ContainerUse>;
	/** Everything that runs in the container. */
	top(id: string, signal?: AbortSignal): Promise<ContainerProcess[]>;
	/**
	One file's content out of the container, running or not. Undefined when there is none; EngineError `failed` when it has more than
	`maxBytes` (1 MiB when missing).
	*/
	readFile(id: string, path: string, options?: {maxBytes?: number; signal?: AbortSignal}): Promise<Buffer | undefined>;
	/** Whether there is anything at that path in the container, without reading it. */
	fileExists(id: string, path: string, signal?: AbortSignal): Promise<boolean>;
	/** What a path inside the container is, a link not followed, running or not. Undefined when there is nothing. */
	kindOfFile(id: string, path: string, signal?: AbortSignal): Promise<FileKind | undefined>;
	/**
	Puts files, root's inside, into a folder of the container that is there, running or not. No program of the container runs for
	it. A link on the way to `folder` is followed, also onto what is mounted: look with `kindOfFile` first.
	*/
	putFiles(id: string, folder: string, files: BuildFile[], signal?: AbortSignal): Promise<void>;

	/** Undefined when the engine has no such image. */
	inspectImage(reference: string, signal?: AbortSignal): Promise<Image | undefined>;
	listImages(signal?: AbortSignal): Promise<ImageSummary[]>;
	/** Measures, which takes a minute on a large disk. */
	diskUsage(signal?: AbortSignal): Promise<DiskUsage>;
	/**
	The digest that the registry has under this reference now, or undefined when it has none that this user may see. Throws EngineError when
	the registry gives no answer.
	*/
	registryDigest(reference: string, signal?: AbortSignal): Promise<string | undefined>;
	pullImage(
		reference: string,
		options?: {onProgress?: (progress: PullProgress) => void; signal?: AbortSignal},
	): Promise<void>;
	/**
	Pushes what has this name to its registry, with the login that Docker keeps for it. Returns the digest (`sha256:…`) under which the
	registry has it now.
	*/
	pushImage(
		reference: string,
		options?: {onProgress?: (progress: PullProgress) => void; signal?: AbortSignal},
	): Promise<string>;
	/** Returns the id of the image built. */
	buildImage(options: BuildOptions): Promise<string>;
	tagImage(id: string, reference: string, signal?: AbortSignal): Promise<void>;
	/**
	Takes a name away from an image, and removes it with its last name. The engine refuses (`conflict`) while a container uses it, running or
	not, or another image is built on it.
	*/
	removeImage(reference: string, signal?: AbortSignal): Promise<void>;

	/** Ends when `signal` aborts; throws EngineError when the stream breaks. */
	events(options: {signal: AbortSignal; types?: Array<EngineEvent['type']>}): AsyncIterable<EngineEvent>;
};

export type EngineErrorCode =
	/** Nothing answers at the address, or the connection was lost. */
	| 'unreachable'
	/** Something is there and keeps silent longer than its limit. */
	| 'no-answer'
	/** What answers there is no engine, or says what no engine says. */
	| 'not-an-engine'
	/** Where the engine is cannot be told: a context is gone, an address is none, or its keys cannot be read. With a fix of its own. */
	| 'no-address'
	/** Something is there, but this user may not talk to it. */
	| 'no-permission'
	| 'not-found'
	| 'name-taken'
	| 'port-taken'
	/** The request clashes with the state of the thing: removing what runs, starting what is being removed. */
	| 'conflict'
	/** The engine has no way to give GPUs, or the GPU driver refused. */
	| 'no-gpu'
	| 'disk-full'
	| 'aborted'
	| 'failed';

/** An engine's refusal. `message` is the engine's own reason on one line, already made safe to print. */
export class EngineError extends Error {
	override name = 'EngineError';
	readonly code: EngineErrorCode;
	readonly status: number | undefined;
	/** The last clause of what the program below the engine said itself; the message where nothing is around it. Safe to print. */
	readonly words: string;
	/** What to do, where it is known already. */
	readonly fix: string | undefined;

	constructor(
		code: EngineErrorCode,
		message: string,
		options: {status?: number | undefined; cause?: unknown; words?: string; fix?: string} = {},
	) {
		super(message, options.cause === undefined ? undefined : {cause: options.cause});
		this.code = code;
		this.status = options.status;
		this.words = options.words ?? message;
		this.fix = options.fix;
	}
}

/** Whether it means that there is no engine to work with, whatever was asked. */
export function isNoEngine(error: unknown): error is EngineError {
	return (
		error instanceof EngineError &&
		['unreachable', 'no-answer', 'not-an-engine', 'no-address', 'no-permission'].includes(error.code)
	);
}
