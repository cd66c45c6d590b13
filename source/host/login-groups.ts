import {execFile} from 'node:child_process';
import {readFileSync, statSync} from 'node:fs';
import type {Group, Person} from './host.ts';

/**
Groups whose members are root on the host, or nearly: by the engine, by sudo, by disks, by virtual machines, by logs and memory of
others. A box never gets one of them.
*/
const rootLike = new Set([
	...['root', 'docker', 'podman', 'containerd', 'lxd', 'lxc', 'incus', 'incus-admin', 'libvirt', 'libvirt-qemu', 'kvm'],
	...['sudo', 'wheel', 'admin', 'adm', 'sys', 'disk', 'kmem', 'mem', 'shadow', 'staff', 'systemd-journal', 'tape'],
]);

/**
The further groups of a user that a box gets: those that are for data.

@param ids of the process, in any order
@param nameOf undefined where no one knows the group
@param socketGroup who may use the engine's socket, whatever the group's name
*/
export function groupsForBox(
	ids: readonly number[],
	nameOf: (gid: number) => string | undefined,
	{gid: primary, socketGroup}: Pick<Person, 'gid'> & {socketGroup: number | undefined},
): Group[] {
	return [...new Set(ids)]
		.filter((gid) => gid !== 0 && gid !== primary && gid !== socketGroup)
		.sort((a, b) => a - b)
		.flatMap((gid) => {
			const name = nameOf(gid);
			return name !== undefined && rootLike.has(name) ? [] : [{gid, name: cleanName(name) ?? `group${gid}`}];
		});
}

/** Directories of companies have groups such as `domain users`. */
function cleanName(name: string | undefined): string | undefined {
	return name?.replace(/[^\w.-]/g, '_').replace(/^-+/, '') || undefined;
}

/** Seconds that a directory service may take for the names. */
const namesSeconds = 3;

/**
The caller's groups for a box.

@param address of the engine
*/
export async function readGroups({gid}: Pick<Person, 'gid'>, address: string, signal: AbortSignal): Promise<Group[]> {
	const ids = process.getgroups?.() ?? [];
	const names = parseGroups(readOr('/etc/group'));
	const unknown = ids.filter((id) => !names.has(id));
	const all = unknown.length === 0 ? names : new Map([...names, ...parseGroups(await askDirectory(unknown, signal))]);
	return groupsForBox(ids, (id) => all.get(id), {gid, socketGroup: groupOfSocket(address)});
}

function parseGroups(text: string): Map<number, string> {
	const fields = text.split('\n').map((line) => line.split(':'));
	return new Map(fields.flatMap(([name, , gid]) => (name && /^\d+$/.test(gid ?? '') ? [[Number(gid), name]] : [])));
}

/** What is not in /etc/group may be in LDAP. Without an answer the groups have no names, which changes nothing about their rights. */
function askDirectory(ids: readonly number[], signal: AbortSignal): Promise<string> {
	return new Promise((resolve) => {
		const options = {timeout: namesSeconds * 1000, signal, killSignal: 'SIGKILL' as const};
		execFile('getent', ['group', ...ids.map(String)], options, (_error, stdout) => resolve(stdout));
	});
}

function groupOfSocket(address: string): number | undefined {
	return address.startsWith('unix://')
		? statSync(address.slice('unix://'.length), {throwIfNoEntry: false})?.gid
		: undefined;
}

function readOr(path: string): string {
	try {
		return readFileSync(path, 'utf8');
	} catch {
		// A machine without the file has its groups elsewhere.
		return '';
	}
}

/** The caller's umask as four octal digits. Undefined where the kernel does not tell (before 4.7). */
export function readUmask(): string | undefined {
	return /^Umask:\s*([0-7]{4})$/m.exec(readOr('/proc/self/status'))?.[1];
}
