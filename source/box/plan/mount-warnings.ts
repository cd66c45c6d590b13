import {lstatSync, realpathSync} from 'node:fs';
import {basename, relative} from 'node:path';
import type {Mount} from '../../engine/engine.ts';

/** What engines call their sockets. */
const socketNames = /^(?:docker|podman|containerd|crio)\.sock$/;

/** Where engines of the whole machine listen, whichever of them boxes are made on. */
const usualSockets = [
	'/run/docker.sock',
	'/run/podman/podman.sock',
	'/run/containerd/containerd.sock',
	'/run/crio/crio.sock',
];

/**
Whether a file or folder of the host is an engine's socket, or holds one.

@param address of the engine that boxes are made on
*/
export function holdsEngineSocket(source: string, address: string): boolean {
	const engine = address.startsWith('unix://') ? real(address.slice('unix://'.length)) : undefined;
	return (
		(socketNames.test(basename(source)) && isSocketFile(source)) ||
		usualSockets.some((path) => isSocketFile(path) && isWithin(source, real(path))) ||
		(engine !== undefined && isWithin(source, engine))
	);
}

/**
What to say of mounts that bring an engine's socket into a box: whoever may talk to it is root on the host, whatever else the box may
not do.

@param address of the engine that the box is made on
*/
export function warnOfSockets(mounts: readonly Mount[], address: string): string[] {
	return mounts.flatMap(({type, source = ''}) =>
		type === 'bind' && holdsEngineSocket(source, address)
			? [`${source} brings the engine's socket into the box: whatever runs in there can become root on this machine.`]
			: [],
	);
}

function isWithin(folder: string, path: string): boolean {
	const way = relative(real(folder), path);
	return way === '' || !(way === '..' || way.startsWith('../'));
}

function real(path: string): string {
	try {
		return realpathSync(path);
	} catch {
		return path;
	}
}

function isSocketFile(path: string): boolean {
	return lstatSync(path, {throwIfNoEntry: false})?.isSocket() ?? false;
}
