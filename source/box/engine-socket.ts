import {lstatSync, realpathSync} from 'node:fs';
import {basename, relative} from 'node:path';
import type {Mount} from '../engine/engine.ts';

/** What engines call their sockets. */
const socketNames = /^(?:docker|podman|containerd|crio)\.sock$/;

/**
What to say of mounts that bring an engine's socket into a box: whoever may talk to it is root on the host, whatever else the box may
not do.

@param address of the engine that the box is made on
*/
export function warnOfSockets(mounts: readonly Mount[], address: string): string[] {
	const engine = address.startsWith('unix://') ? real(address.slice('unix://'.length)) : undefined;
	return mounts.flatMap(({type, source = ''}) => {
		if (type !== 'bind') {
			return [];
		}

		const isSocket = socketNames.test(basename(source)) && isSocketFile(source);
		const holdsEngine = engine !== undefined && isWithin(source, engine);
		return isSocket || holdsEngine
			? [`${source} brings the engine's socket into the box: whatever runs in there can become root on this machine.`]
			: [];
	});
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
