import {readFile, readlink} from 'node:fs/promises';
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

/** What tells a process from others that had, or will have, the same number. */
type Identity = {
	/** Clock ticks (hundredths of a second) since the machine started. */
	startTicks: string;
	/** As the process calls itself: first word of its command line, name in the kernel, file of its program. */
	names: string[];
};

async function identify(folder: string): Promise<Identity | undefined> {
	const [stat, command, executable] = await Promise.all([
		readIfVisible(path.join(folder, 'stat')),
		readIfVisible(path.join(folder, 'cmdline')),
		// Of other users' processes the link cannot be read.
		readlink(path.join(folder, 'exe')).catch(() => ''),
	]);
	// The name in parentheses may contain anything, including parentheses.
	const end = stat?.lastIndexOf(')') ?? -1;
	const startTicks = stat?.slice(end + 2).split(' ')[19];
	if (stat === undefined || end < 0 || startTicks === undefined) {
		return undefined;
	}

	const [first = ''] = (command ?? '').split('\0');
	return {startTicks, names: [first, stat.slice(stat.indexOf('(') + 1, end), executable]};
}

/** The kernel keeps this much of a process's name. */
const longestComm = 15;

/**
Whether the driver's name for a process fits what the system calls it. A path must be the same path; a name without folders, as
programs set it themselves (`VLLM::EngineCore`), may be any of the process's names.
*/
export function namesAgree(
	driverName: string | null,
	[command = '', comm = '', executable = '']: readonly string[],
): boolean {
	if (driverName === null || driverName === '') {
		return false;
	}

	const own = [safeText(command), safeText(executable)];
	if (driverName.includes('/')) {
		// Programs that set their own title put the arguments behind the path, in one word.
		return own.some((name) => name === driverName || name.startsWith(`${driverName} `));
	}

	const short = safeText(comm);
	return (
		own.some((name) => name === driverName || path.basename(name) === driverName) ||
		(short !== '' && driverName.slice(0, longestComm) === short)
	);
}

/**
Who the process that the driver lists under this number and name belongs to; `undefined` when it is gone or hidden, or when the process
with this number here is another one: the driver may count in another pid namespace (WSL, containers), and numbers are used
again. Only for GPUs of this machine.

@param listed `listedAt`: when the driver answered, in milliseconds; a process that started later is not the one it meant
@param places where to read instead of `/proc` and `/etc/passwd`
*/
export async function ownerOf(
	{pid, name, listedAt}: {pid: number; name: string | null; listedAt: number},
	{proc = '/proc', passwd = '/etc/passwd'}: {proc?: string; passwd?: string} = {},
): Promise<ProcessOwner | undefined> {
	const folder = path.join(proc, String(pid));
	const before = await identify(folder);
	if (before === undefined || !namesAgree(name, before.names) || (await startedAfter(before, listedAt, proc))) {
		return undefined;
	}

	const [status, cgroup, users] = await Promise.all([
		readIfVisible(path.join(folder, 'status')),
		readIfVisible(path.join(folder, 'cgroup')),
		readIfVisible(passwd),
	]);
	const uid = /^Uid:\s*(\d+)/m.exec(status ?? '')?.[1];
	const after = await identify(folder);
	if (uid === undefined || after?.startTicks !== before.startTicks) {
		return undefined;
	}

	return {
		containerId: containerIdOf(cgroup ?? ''),
		uid: Number(uid),
		user: userNames(users ?? '').get(Number(uid)) ?? ownName(Number(uid)),
	};
}

async function startedAfter({startTicks}: Identity, listedAt: number, proc: string): Promise<boolean> {
	const uptime = Number.parseFloat((await readIfVisible(path.join(proc, 'uptime'))) ?? '');
	if (Number.isNaN(uptime)) {
		return false;
	}

	const ageMs = uptime * 1000 - Number(startTicks) * 10;
	// Both clocks are read with hundredths of a second.
	return Date.now() - ageMs > listedAt + 100;
}
