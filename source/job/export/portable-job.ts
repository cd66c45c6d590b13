/** A job or a box without anything of the host: what every target is made from. */

/** Where the code of the project is, inside. */
export const workspace = '/workspace';

export type PortableJob = {
	/** A job ends; a service runs until it is stopped. */
	kind: 'job' | 'service';
	/** Letters, digits and "-", at most 40: a DNS label. */
	name: string;
	/** The base. */
	image: PortableImage;
	/** The project's own image, built from the Dockerfile of the target `dockerfile`: packages, setup and code are in it. */
	built?: PortableImage;
	/** What the project adds to the image; `constraints` are exact versions for pip, of what is added and of what that needs. */
	packages: {apt: readonly string[]; pip: readonly string[]; constraints?: readonly string[]};
	/** Shell command that runs in a new container before anything else. */
	setup?: string;
	/** At least one word. */
	argv: readonly string[];
	/** GPUs on each node; 0 for none. */
	gpus: number;
	/** Processes on each node, started by torchrun; missing for a plain command. */
	nproc?: number;
	nodes: number;
	limits: {memoryBytes?: number; cpus?: number; sharedMemoryBytes?: number; pids?: number};
	/** Missing: any unprivileged user. */
	user?: {uid: number; gid: number};
	environment: Readonly<Record<string, string>>;
	/** Files /run/secrets/NAME; `variable` ones are environment variables as well. */
	secrets: ReadonlyArray<{name: string; variable: boolean}>;
	mounts: readonly PortableMount[];
	/** Paths of results below the workspace. */
	artifacts: readonly string[];
	timeouts: {
		/** How long it may run. */
		runSeconds?: number;
		/** How long it may take to end after SIGTERM. */
		stopSeconds?: number;
	};
	/** The oldest driver and the oldest GPU that the image works with. */
	floor: {driver?: string; computeCapability?: string};
	/** The port of a service. */
	port?: number;
};

export type PortableImage = {
	/** Without a digest. */
	reference: string;
	/** `sha256:…`, null when it is not locked, or locked as it was built on one host. */
	digest: string | null;
	/** It is from a lock, with or without a digest. */
	locked?: true;
};

export type PortableMount = {
	kind: 'code' | 'data' | 'cache';
	/** Code: `.`, the project. Data: a folder as the project calls it. Cache: empty. */
	source: string;
	target: string;
	readOnly: boolean;
};

/** The user of containers when the job names none. */
export const usualUser = {uid: 1000, gid: 1000};

/** How long a job has to save its work after SIGTERM. */
export const usualStopSeconds = 120;

/** Size of /dev/shm where a target would give 64 MiB: data loaders put their batches there. */
export const usualSharedMemoryBytes = 8 * 1024 ** 3;

/** An image as every engine takes it: by digest where it is locked. */
export function pinned({reference, digest}: PortableImage): string {
	return digest === null ? reference : `${withoutTag(reference)}@${digest}`;
}

/** What a container of the job runs, unless something is built on the base first. */
export function imageOf({image, built}: Pick<PortableJob, 'image' | 'built'>): string {
	return pinned(built ?? image);
}

function withoutTag(reference: string): string {
	const colon = reference.lastIndexOf(':');
	return colon > reference.lastIndexOf('/') ? reference.slice(0, colon) : reference;
}

/** A name that is a valid DNS label, at most 40 characters long. */
export function labelOf(text: string): string {
	return (
		text
			.toLowerCase()
			.replace(/[^a-z0-9]+/g, '-')
			.slice(0, 40)
			.replace(/^-+|-+$/g, '') || 'job'
	);
}

/** A floor such as `570.26` as `[570, 26]`. */
export function majorOf(version: string): number {
	return Number.parseInt(version, 10);
}
