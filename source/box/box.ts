import {boxLabel} from '../base/box-label.ts';
import type {ContainerState} from '../engine/engine.ts';

export type ServiceName = 'jupyter' | 'ssh';

/**
A container that gpubox created, or that claims so, as read back from the engine. Names and image are foreign text made safe.

For the caller's own boxes (`mine`) everything comes from the record that gpubox wrote when it created them. For all others it comes
from the container's labels: good enough to be shown and to avoid the GPUs they name, and for nothing else.
*/
export type Box = {
	/** The container's name without the prefix; the engine keeps it unique. */
	name: string;
	/** The container's id. */
	id: string;
	/**
	The caller's own record says that gpubox created this very container for them. For an engine on another machine the records are there,
	so the container's labels decide; it gets nothing of the caller's, because `folder` is undefined.
	*/
	mine: boolean;
	/** An `up` of the caller created it a moment ago and has not recorded that yet, or was killed before it could. */
	pending?: true;
	/** Not a box but a container that holds cards for the box with this id while that starts (claim-start.ts). */
	startOf?: string;
	/** With `startOf`: that box is being restarted, so the cards are held while it stops as well. */
	restart?: true;
	/** With `startOf`: it only says that the reservation of that box was extended (gpus/reservation.ts). */
	extension?: true;
	/** Set aside while `up --recreate` creates its replacement (replace.ts). */
	replaced?: true;
	/** It is a job: it runs one command and ends with it. Once told to stop, its programs have so many seconds. */
	job?: {stopSeconds: number};
	/** The owner's name, for the eye: two users may have the same one, since letters that images do not know are replaced. */
	owner: string;
	/** The owner's uid on the engine's machine, which identifies them; undefined where the container does not claim any. */
	uid?: number;
	/** What `ownerText` adds to the name, so that no container looks like another user's. Missing for boxes listed alone. */
	ownerIs?: 'claimed' | 'namesake';
	/** The user inside. */
	user: string;
	/** The project folder on the host, for display. */
	project: string;
	/** The same, unescaped, for comparing and opening. Must never be printed. */
	projectPath: string;
	/** Name of the folder with its files, among the caller's (see files/directories.ts). Undefined for boxes of others. */
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
	/** Its user can become root inside. */
	sudo: boolean;
	/** Its SSH server is the image's own: users log in as root, with a password. */
	rootPassword: boolean;
	/** Names of its secrets. */
	secrets: string[];
	/** The reference the user chose, not the derived image. */
	image: string;
	imageId: string;
	createdAt: Date;
	/** When its reservation expires, where it has one: others may then stop it. */
	until?: Date;
	/** It was created with a post-create command, which may not have succeeded yet. */
	postCreate?: true;
	/** Hash of the plan it was made from. */
	spec: string;
};

/** A box with a folder of the caller's. */
export type OwnBox = Box & {folder: string};

export function isOwn(box: Box): box is OwnBox {
	return box.mine && box.folder !== undefined;
}

/** Whether its programs exist and its ports are published. They may be paused: then nothing answers. */
export function isRunning({state}: Pick<Box, 'state'>): boolean {
	return state === 'running' || state === 'restarting' || state === 'paused';
}

/** The label names are part of the published interface. */
export const label = {
	name: boxLabel,
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
	stopTimeout: 'gpubox.stop-timeout',
	spec: 'gpubox.spec',
	version: 'gpubox.version',
} as const;

export const containerPrefix = 'gpubox-';

/** In capitals, which box names cannot have. */
export const startClaimPrefix = 'gpubox-START-';

/** The same for containers that extend a reservation. */
export const extensionPrefix = 'gpubox-UNTIL-';

/** Prefix of the name of a box that was set aside. */
export const replacedPrefix = 'gpubox-REPLACED-';

/** Valid names of boxes. */
export const namePattern = /^[a-z0-9][a-z0-9_.-]{0,61}$/;

/** The port each service listens on inside a box. */
export const servicePorts: Record<ServiceName, number> = {jupyter: 8888, ssh: 2222};

/** Where an image's own SSH server listens inside. */
export const ownServerPort = 22;

/** Prefix of every label that gpubox sets. */
export const labelPrefix = 'gpubox.';

/** A stopped container publishes no ports, so the ports of its next start are kept in a label. */
export function portLabel(service: ServiceName): string {
	return `gpubox.port.${service}`;
}
