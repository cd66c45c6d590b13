import {readFile} from 'node:fs/promises';
import {userInfo} from 'node:os';
import path from 'node:path';
import {safeText} from '../text/safe.ts';

/** Who a process of this machine belongs to. */
export type ProcessOwner = {
	/** 64 hexadecimal digits; `null` outside containers. */
	containerId: string | null;
	uid: number;
	/** `null` when the machine has no name for the uid, as for users inside containers. */
	user: string | null;
};

/**
The container in a `/proc/PID/cgroup`, or `null`. Written `/docker/ID` (cgroup v1 and v2 with the cgroupfs driver),
`docker-ID.scope` (systemd), `libpod-ID.scope` (podman), `cri-containerd-ID.scope` (Kubernetes). Of nested containers
the outer one: it is the one that the machine's own engine knows.
*/
export function containerIdOf(cgroup: string): string | null {
	return /(?<!libpod-conmon)[/:-](?<id>[0-9a-f]{64})(?=\.scope|\/|$)/m.exec(cgroup)?.groups?.id ?? null;
}

/** The names in an `/etc/passwd`, by uid. The first name of a uid counts, as for the system. */
export function userNames(passwd: string): Map<number, string> {
	const names = new Map<number, string>();
	for (const line of passwd.split('\n')) {
		const [name, , uid] = line.split(':');
		if (name && uid && /^\d+$/.test(uid) && !names.has(Number(uid))) {
			names.set(Number(uid), safeText(name));
		}
	}

	return names;
}

/** Gone, or not ours to see (`hidepid`). */
const outOfSight = new Set(['ENOENT', 'ESRCH', 'EACCES', 'EPERM']);

async function readIfVisible(file: string): Promise<string | undefined> {
	try {
		return await readFile(file, 'utf8');
	} catch (error) {
		if (error instanceof Error && 'code' in error && outOfSight.has(String(error.code))) {
			return undefined;
		}

		throw error;
	}
}

/** Users of a directory service are not in the passwd file; the system knows at least the one who runs gpubox. */
function ownName(uid: number): string | null {
	if (process.getuid?.() !== uid) {
		return null;
	}

	try {
		return userInfo().username;
	} catch {
		// A uid without a name, as in containers.
		return null;
	}
}

/**
Who the process with this id, as this machine counts them, belongs to; `undefined` when it is gone or hidden. Only for
GPUs of this machine: the ids of another machine, or of a container, mean other processes here.
@param places where to read instead of `/proc` and `/etc/passwd`
*/
export async function ownerOf(
	pid: number,
	{proc = '/proc', passwd = '/etc/passwd'}: {proc?: string; passwd?: string} = {},
): Promise<ProcessOwner | undefined> {
	const [status, cgroup, users] = await Promise.all([
		readIfVisible(path.join(proc, String(pid), 'status')),
		readIfVisible(path.join(proc, String(pid), 'cgroup')),
		readIfVisible(passwd),
	]);
	const uid = /^Uid:\s*(\d+)/m.exec(status ?? '')?.[1];
	if (uid === undefined) {
		return undefined;
	}

	return {
		containerId: containerIdOf(cgroup ?? ''),
		uid: Number(uid),
		user: userNames(users ?? '').get(Number(uid)) ?? ownName(Number(uid)),
	};
}
