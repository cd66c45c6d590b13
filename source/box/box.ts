import type {ContainerState} from '../engine/engine.ts';

export type ServiceName = 'jupyter' | 'ssh';

/** A container that gpubox made, as read back from the engine. Names and image are foreign text made safe. */
export type Box = {
	name: string;
	/** The container's id. */
	id: string;
	owner: string;
	/** Who one is inside. */
	user: string;
	/** The project folder on the host. */
	project: string;
	/** Name of the folder that its files are in, among its owner's (see folders.ts). */
	folder: string;
	state: ContainerState;
	services: ServiceName[];
	/** Where each service is reachable on the host. */
	addresses: Partial<Record<ServiceName, {host: string; port: number}>>;
	/** UUIDs of the GPUs it was given. */
	gpus: string[];
	shareGpus: boolean;
	/** It was made on an engine that may not raise limits. */
	keepsLimits: boolean;
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
	version: string;
};

/** The label names are part of the published interface. */
export const label = {
	name: 'gpubox.name',
	owner: 'gpubox.owner',
	uid: 'gpubox.uid',
	user: 'gpubox.user',
	project: 'gpubox.project',
	folder: 'gpubox.folder',
	services: 'gpubox.services',
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

/** What may be a box's name. */
export const namePattern = /^[a-z0-9][a-z0-9_.-]{0,61}$/;

/** The port each service listens on inside a box. */
export const servicePorts: Record<ServiceName, number> = {jupyter: 8888, ssh: 2222};

/** Where an image's own SSH server listens inside. */
export const ownServerPort = 22;

/** A stopped container publishes nothing, so the port it will have again is kept in a label. */
export function portLabel(service: ServiceName): string {
	return `gpubox.port.${service}`;
}
