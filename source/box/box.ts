import type {ContainerState} from '../engine/engine.ts';

export type ServiceName = 'jupyter' | 'ssh';

/**
A container that gpubox made, or that says so, as read back from the engine. Names and image are foreign text made safe.

Of the caller's own boxes (`mine`) everything is what gpubox wrote down when it made them. Of all others it is what the container
says of itself: good enough to be shown and to keep away from the cards it names, and nothing else.
*/
export type Box = {
	/** What the engine calls the container, without the prefix: the engine keeps it unique. */
	name: string;
	/** The container's id. */
	id: string;
	/**
	The caller's own record says that gpubox made this very container for them. On another machine, where its records are, the
	container's word has to do; nothing of the caller's is given to it there, because `folder` is undefined.
	*/
	mine: boolean;
	/** An `up` of the caller's made it a moment ago and has not written that down yet, or was killed there. */
	pending?: true;
	/** Not a box but what holds cards for the box with this id while it starts (claim-start.ts). */
	startOf?: string;
	/** Set aside while `up --recreate` makes another in its place (replace.ts). */
	replaced?: true;
	owner: string;
	/** Who one is inside. */
	user: string;
	/** The project folder on the host, for people. */
	project: string;
	/** The same as it is, for comparing and opening. Never to be printed. */
	projectPath: string;
	/** Name of the folder that its files are in, among the caller's (see folders.ts). Undefined for what is not theirs. */
	folder: string | undefined;
	state: ContainerState;
	services: ServiceName[];
	/** Where each service is reachable on the host. */
	addresses: Partial<Record<ServiceName, {host: string; port: number}>>;
	/** Its Jupyter answers below a path that only its owner knows. Boxes of earlier versions have none. */
	privatePath?: true;
	/** Other machines can reach it. */
	open?: true;
	/** UUIDs of the GPUs it was given. */
	gpus: string[];
	shareGpus: boolean;
	/** Its user may become root inside. */
	sudo: boolean;
	/** Its SSH server is the image's own: one logs in as root, with a password. */
	rootPassword: boolean;
	/** Names of its secrets. */
	secrets: string[];
	/** The reference the person chose, not the derived image. */
	image: string;
	imageId: string;
	createdAt: Date;
	/** When its time is over, where one was set: others may then ask for its GPUs. */
	until?: Date;
	/** It was made with a post-create command, which may not have succeeded yet. */
	postCreate?: true;
	/** Hash of the plan it was made from. */
	spec: string;
};

/** A box with a folder of the caller's. */
export type OwnBox = Box & {folder: string};

export function isOwn(box: Box): box is OwnBox {
	return box.mine && box.folder !== undefined;
}

/** Whether its programs are there now, and its ports published. They may be paused: then nothing answers. */
export function isRunning({state}: Pick<Box, 'state'>): boolean {
	return state === 'running' || state === 'restarting' || state === 'paused';
}

/** The label names are part of the published interface. */
export const label = {
	name: 'gpubox.name',
	kind: 'gpubox.kind',
	nonce: 'gpubox.nonce',
	startOf: 'gpubox.start-of',
	owner: 'gpubox.owner',
	uid: 'gpubox.uid',
	user: 'gpubox.user',
	project: 'gpubox.project',
	folder: 'gpubox.folder',
	services: 'gpubox.services',
	jupyterPath: 'gpubox.jupyter-path',
	gpus: 'gpubox.gpus',
	share: 'gpubox.share',
	sudo: 'gpubox.sudo',
	rootPassword: 'gpubox.root-password',
	secrets: 'gpubox.secrets',
	bind: 'gpubox.bind',
	limits: 'gpubox.limits',
	image: 'gpubox.image',
	postCreate: 'gpubox.post-create',
	until: 'gpubox.until',
	spec: 'gpubox.spec',
	version: 'gpubox.version',
} as const;

export const containerPrefix = 'gpubox-';

/** Capitals, which no box's name has. */
export const startClaimPrefix = 'gpubox-START-';

/** Before the name of a box that was set aside. */
export const replacedPrefix = 'gpubox-REPLACED-';

/** What may be a box's name. */
export const namePattern = /^[a-z0-9][a-z0-9_.-]{0,61}$/;

/** The port each service listens on inside a box. */
export const servicePorts: Record<ServiceName, number> = {jupyter: 8888, ssh: 2222};

/** Where an image's own SSH server listens inside. */
export const ownServerPort = 22;

/** Begins every label of gpubox's. */
export const labelPrefix = 'gpubox.';

/** A stopped container publishes nothing, so the port it will have again is kept in a label. */
export function portLabel(service: ServiceName): string {
	return `gpubox.port.${service}`;
}
