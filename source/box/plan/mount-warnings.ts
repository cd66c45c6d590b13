import {lstatSync, realpathSync} from 'node:fs';
import {basename, relative} from 'node:path';
import type {Mount} from '../../engine/engine.ts';

/** File names of engine sockets. */
const socketNames = /^(?:docker|podman|containerd|crio)\.sock$/;

/** Sockets of system-wide engines, whichever engine boxes are created on. */
const usualSockets = [
	'/run/docker.sock',
	'/run/podman/podman.sock',
	'/run/containerd/containerd.sock',
	'/run/crio/crio.sock',
];

/**
Whether a file or folder of the host is an engine's socket, or contains one.

@param address of the engine that boxes are created on
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
Warnings about mounts that bring an engine's socket into a box: access to it is root access to the host, however restricted the box
is otherwise.

@param address of the engine that the box is created on
*/
export function warnOfSockets(mounts: readonly Mount[], address: string): string[] {
	return mounts.flatMap(({type, source = ''}) =>
		type === 'bind' && holdsEngineSocket(source, address)
			? [
					`${source} gives the box access to the engine's socket: any program in the box can become root on this machine.`,
				]
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
