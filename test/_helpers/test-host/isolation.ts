import {readdir, rm, rmdir} from 'node:fs/promises';
import {join, relative} from 'node:path';
import {controlGroups, fixedFolders} from './machine.ts';
import type {Network} from './network.ts';
import {endProcessesOf} from './processes.ts';

/** The settings that keep an engine of the tests away from what belongs to the machine. */
export function separateSettings(folder: string, groupId: number, network: Network | undefined): object {
	return {
		'exec-root': join(folder, 'exec'),
		pidfile: join(folder, 'dockerd.pid'),
		group: String(groupId),
		iptables: false,
		ip6tables: false,
		bridge: network?.bridge ?? 'none',
		...(network && {'default-address-pools': [{base: network.range, size: 24}]}),
		'exec-opts': ['native.cgroupdriver=cgroupfs'],
		'cgroup-parent': `/${controlGroupOf(folder)}`,
		// A real card of this machine must never get into a test.
		features: {cdi: false},
	};
}

/**
The words that run a shell script around an engine with these settings, in a mount namespace of its own: its mounts vanish with its
last process, however that ends; it sees no containerd of the system, so that it starts its own; what it writes to fixed places is
gone with it.

One without a network gets a network namespace, too: an engine with `bridge: none` deletes docker0 wherever it starts, and with it
the network of everybody's containers.
*/
export function separately(network: Network | undefined, script: string, ...parameters: string[]): string[] {
	const lines = [
		...fixedFolders.map((folder) => `mkdir -p ${folder} && mount -t tmpfs tmpfs ${folder}`),
		'{ mountpoint -q /sys/fs/cgroup || mount -t cgroup2 cgroup2 /sys/fs/cgroup; }',
		...(network === undefined ? ['ip link set lo up'] : []),
		script,
	];
	const namespaces = ['--mount', '--propagation', 'slave', ...(network === undefined ? ['--net'] : [])];
	return ['unshare', ...namespaces, 'sh', '-c', lines.join(' && '), 'sh', ...parameters];
}

/** Ends what runs on the folder of an engine, and in folders below it, and removes what they leave on the machine. */
export async function removeEngineFolder(folder: string): Promise<void> {
	await endProcessesOf(folder);
	for (const root of controlGroups()) {
		for (const name of await readdir(root).catch(() => [])) {
			if (name === controlGroupOf(folder) || name.startsWith(`${controlGroupOf(folder)}-`)) {
				await removeControlGroup(join(root, name));
			}
		}
	}

	await rm(folder, {recursive: true, force: true});
}

/** The name of the control group that holds the containers of an engine. */
export function controlGroupOf(folder: string): string {
	return relative('/run', folder)
		.replace(/^(?:\.\.\/)+/, '')
		.replaceAll('/', '-');
}

/** With the groups in it, which have to be empty. */
export async function removeControlGroup(folder: string): Promise<void> {
	for (const entry of await readdir(folder, {withFileTypes: true}).catch(() => [])) {
		if (entry.isDirectory()) {
			await removeControlGroup(join(folder, entry.name));
		}
	}

	// It may be gone by now: controllers of cgroup v1 share hierarchies under several names.
	await rmdir(folder).catch(() => {});
}
