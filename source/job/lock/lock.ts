/** What a gpubox.lock says. */
import {createHash} from 'node:crypto';

export const lockName = 'gpubox.lock';

/** The version of the file's form that this gpubox writes and reads. */
export const lockVersion = 1;

/** A Python package: `record` is a hash of its files, null where its installer kept no list of them. */
export type LockedPackage = {version: string; record: string | null};

/** Versions of what decides how PyTorch runs; null where the image has no such thing. */
export type LockedInside = {
	python: string | null;
	/** With the build: `2.8.0+cu128`. */
	torch: string | null;
	cuda: string | null;
	cudnn: string | null;
	nccl: string | null;
	/** What PyTorch was compiled for, e.g. `sm_90`. */
	archs: string[];
	glibc: string | null;
};

/** An image in a registry: by its name, and what that meant then. */
export type PushedImage = {reference: string; digest: string};

/** Nothing in it depends on the host, the user or the time: an unchanged environment gives the same text anywhere. */
export type LockedEnvironment = {
	/** Hash of the settings that it was made from. */
	inputs: string;
	image: {
		reference: string;
		/** Of the registry; null for an image that no registry has. */
		digest: string | null;
		/** e.g. `linux/amd64` */
		platform: string;
		/** Hash over the digests of all layers, the same in every image store. */
		rootfs: string;
	};
	/** Hashes of what gpubox puts on the image; missing where it puts nothing. */
	layers: {install?: string; packages?: string};
	inside: LockedInside;
	/** The oldest driver that has all of this CUDA, and the oldest card that PyTorch was compiled for. */
	floor: {driver: string | null; computeCapability: string | null};
	packages: {
		/** The packages of the distribution that gpubox.yaml asks for. */
		apt: Record<string, string>;
		/** All Python packages. */
		pip: Record<string, LockedPackage>;
	};
	/** What `gpubox push` made of it, with the code: what a cluster pulls. */
	pushed?: PushedImage;
};

export type Lock = LockedEnvironment & {
	/** What `gpubox refresh --back` returns to. */
	previous?: LockedEnvironment;
};

/** What gpubox.yaml says about what is inside a box. */
export type LockInputs = {
	image?: string | undefined;
	family?: string | undefined;
	packages: {apt: readonly string[]; pip: readonly string[]};
	postCreate?: string | undefined;
};

/** @returns `sha256:…`, independent of the order of the packages */
export function hashInputs({image, family, packages, postCreate}: LockInputs): string {
	return sha256(
		JSON.stringify([
			image ?? null,
			family ?? null,
			packages.apt.toSorted(),
			packages.pip.toSorted(),
			postCreate ?? null,
		]),
	);
}

/** @param layers digests of an image's uncompressed layers, the lowest first */
export function hashRootfs(layers: readonly string[]): string {
	return sha256(layers.join('\n'));
}

/** @param files what a layer is built from */
export function hashFiles(files: ReadonlyArray<{path: string; content: string}>): string {
	return sha256(files.map(({path, content}) => `${path}\0${content}\0`).join(''));
}

function sha256(text: string): string {
	return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

export type LockState =
	| {kind: 'none'}
	/** gpubox.yaml has changed since. */
	| {kind: 'stale'; lock: Lock}
	| {kind: 'current'; lock: Lock};

/** Whether a project is locked, and whether the lock is about the project as it is now. Pure. */
export function lockState(lock: Lock | undefined, inputs: LockInputs): LockState {
	if (lock === undefined) {
		return {kind: 'none'};
	}

	return {kind: lock.inputs === hashInputs(inputs) ? 'current' : 'stale', lock};
}
