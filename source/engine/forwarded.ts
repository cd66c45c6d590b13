import {statSync} from 'node:fs';
import {hostname, release, totalmem} from 'node:os';
import {join} from 'node:path';
import {Failure} from '../base/failure.ts';
import {homeFolder} from '../base/home.ts';
import {type EngineAddress, findEngineAddress, isLoopback, rememberForwarded} from './address.ts';
import type {EngineInfo} from './engine.ts';

/** A kernel as it describes itself. */
export type Machine = {hostname: string; kernel: string; memoryBytes: number};

/** Milliseconds for the question. An engine that does not answer is told by what needs it. */
const patienceMs = 3000;

/**
Whether an engine runs on another machine than this one. A kernel has one release, one size of memory and, where both see the same
namespace, one name. What the engine does not tell says nothing. Pure.
*/
export function isOtherMachine(
	{machine, memoryBytes}: Pick<EngineInfo, 'machine' | 'memoryBytes'>,
	here: Machine,
): boolean {
	if (machine?.kernel !== undefined && machine.kernel !== here.kernel) {
		return true;
	}

	if (memoryBytes > 0 && memoryBytes !== here.memoryBytes) {
		return true;
	}

	// Docker Desktop's engine for WSL has a name of its own, on the kernel and with the GPUs of this machine.
	return machine?.hostname !== undefined && ![here.hostname, 'docker-desktop'].includes(machine.hostname);
}

/** A socket of this machine, and who asks. */
export type Socket = {
	path: string;
	/** Who made it; missing where that cannot be read. */
	owner: number | undefined;
	/** Who uses it. */
	uid: number | undefined;
	home: string;
	/** XDG_RUNTIME_DIR. */
	runtimeFolder: string | undefined;
};

/**
Whether a socket may lead to another machine, as one does that `ssh -L /path:/var/run/docker.sock gpu2` makes. Not the ones that engines of
this machine make themselves: the system's, those of a user's own Docker and Podman, and Docker Desktop's. Pure.
*/
export function mayLeadElsewhere({path, owner, uid, home, runtimeFolder}: Socket): boolean {
	const usual = [...['/run', '/var/run'], ...(runtimeFolder === undefined ? [] : [runtimeFolder])].flatMap((folder) => [
		join(folder, 'docker.sock'),
		join(folder, 'podman/podman.sock'),
	]);
	if (usual.includes(path) || path.startsWith(join(home, '.docker/'))) {
		return false;
	}

	// What is root's below /run was made by a service; users forward to places of their own.
	return uid === 0 || owner !== 0 || !/^(?:\/var)?\/run\//.test(path);
}

function mayBeForwarded(url: string): boolean {
	if (!url.startsWith('unix://')) {
		return isLoopback(url);
	}

	const path = url.slice('unix://'.length);
	return mayLeadElsewhere({
		path,
		owner: ownerOf(path),
		uid: process.getuid?.(),
		home: homeFolder(process.env),
		runtimeFolder: process.env.XDG_RUNTIME_DIR || undefined,
	});
}

/** Not asynchronously: for that Node would start its threads. */
function ownerOf(path: string): number | undefined {
	try {
		return statSync(path, {throwIfNoEntry: false})?.uid;
	} catch {
		// Behind a folder that the caller cannot enter.
		return undefined;
	}
}

/**
Asks the engine that flags and environment select on which machine it runs, where its address does not tell: a port or a socket of this machine
that ssh forwards to another one. To be called before anything else looks at the address; other addresses are not asked.

@param host as for `findEngineAddress`
@throws the signal's reason
*/
export async function askForwarded(host: string | undefined, signal: AbortSignal): Promise<void> {
	let address: EngineAddress;
	try {
		address = findEngineAddress(process.env, homeFolder(process.env), host);
	} catch (error) {
		if (error instanceof Failure) {
			// What needs the engine tells it; not every verb does.
			return;
		}

		throw error;
	}

	if (!mayBeForwarded(address.url)) {
		return;
	}

	const {connectDocker} = await import('./docker/docker.ts');
	try {
		const engine = await connectDocker(address);
		const info = await engine.info(AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]));
		if (isOtherMachine(info, {hostname: hostname(), kernel: release(), memoryBytes: totalmem()})) {
			rememberForwarded(address.url);
		}
	} catch {
		signal.throwIfAborted();
	}
}
