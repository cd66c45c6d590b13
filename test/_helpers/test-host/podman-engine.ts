import {spawn} from 'node:child_process';
import {existsSync} from 'node:fs';
import {chmod, chown, mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import Docker from 'dockerode';
import {unpackedPackages} from '../consumers/cache.ts';
import {removeControlGroup} from './isolation.ts';
import {controlGroups} from './machine.ts';
import {systemPath} from './packages.ts';
import type {Person} from './person.ts';
import {endNamespace, endOf} from './processes.ts';
import {waitUntil} from './wait-until.ts';

// What Podman needs beside what a machine with Docker has. crun is left out: runc is there.
const packages = [
	...['podman', 'conmon', 'netavark', 'aardvark-dns', 'catatonit', 'libgpgme11', 'libassuan0', 'libsubid4'],
	...['golang-github-containers-common', 'golang-github-containers-image'],
];

const settings = {
	'containers.conf':
		'[engine]\ncgroup_manager="cgroupfs"\nevents_logger="file"\nruntime="runc"\n[network]\nnetwork_backend="netavark"\n',
	'policy.json': '{"default": [{"type": "insecureAcceptAnything"}]}\n',
	'registries.conf': 'unqualified-search-registries = ["docker.io"]\n',
};

/** Why this machine can have no Podman of the tests; undefined when it can. */
export function whyNoPodman(): string | undefined {
	if (process.getuid?.() !== 0) {
		return "only root can start Podman's service beside the machine's own";
	}

	return existsSync('/usr/bin/apt-get') ? undefined : 'there is no apt-get to fetch Podman with';
}

export type PodmanEngine = {
	docker: Docker;
	/** For DOCKER_HOST. */
	address: string;
	/** The words before a program that finds the ports of its containers at 127.0.0.1. */
	inside: string[];
	stop(): Promise<void>;
};

/*
Of its own are the network, where netavark writes its rules, and the places where Podman keeps locks and networks. With the machine's it
would start containers as well, and then fail to enter them or to publish their ports.
*/
const script = `
set -e
own=$1 programs=$2
mount --make-rprivate /
mountpoint -q /sys/fs/cgroup || mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t overlay overlay -o "lowerdir=$programs/usr:/usr" /usr
mount -t tmpfs tmpfs "$own/etc"
mkdir "$own/etc/upper" "$own/etc/work"
cp -a "$own/containers" "$own/etc/upper/"
mount -t overlay overlay -o "lowerdir=/etc,upperdir=$own/etc/upper,workdir=$own/etc/work" /etc
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /var/lib
mkdir -p /run/lock /run/netns
mount --bind /run/netns /run/netns
mount --make-shared /run/netns
ip link set lo up
exec podman --root "$own/storage" --runroot "$own/run" --storage-driver overlay system service -t 0 "unix://$own/podman.sock" >"$own/log" 2>&1
`;

/**
Starts Podman's service, which speaks the Engine API. All that it starts ends with it.

@param person who may use it
@param parent not below /run, which is another one for Podman; short, because a socket's path has at most 107 bytes
*/
export async function startPodmanEngine(person: Person, parent: string): Promise<PodmanEngine> {
	const programs = await unpackedPackages('podman-1', packages);
	const folder = await mkdtemp(join(parent, 'podman-'));
	await chmod(folder, 0o755);
	for (const name of ['containers', 'etc', 'storage', 'run']) {
		await mkdir(join(folder, name));
	}

	for (const [name, text] of Object.entries(settings)) {
		await writeFile(join(folder, 'containers', name), text);
	}

	const groups = controlGroups().map((root) => join(root, 'libpod_parent'));
	const known = groups.filter((group) => existsSync(group));
	const socket = join(folder, 'podman.sock');
	const child = spawn(
		'setpriv',
		[
			// A run that is broken off does not come to `stop`.
			...['--pdeathsig', 'KILL', 'unshare', '--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc'],
			...['sh', '-c', script, 'sh', folder, programs],
		],
		{stdio: 'ignore', detached: true, env: {PATH: systemPath, HOME: folder}},
	);
	const ended = endOf(child);
	const docker = new Docker({socketPath: socket});
	const stop = async () => {
		for (const {Id} of await docker.listContainers({all: true}).catch(() => [])) {
			await docker
				.getContainer(Id)
				.remove({force: true})
				.catch(() => {});
		}

		await endNamespace(child, ended);
		for (const group of groups.filter((each) => !known.includes(each))) {
			await removeControlGroup(group);
		}

		await rm(folder, {recursive: true, force: true});
	};
	try {
		await waitUntil('Podman to answer', () =>
			docker.ping().then(
				() => true,
				() => false,
			),
		);
		await chmod(socket, 0o660);
		await chown(socket, 0, person.gid);
	} catch (error) {
		await stop();
		throw error;
	}

	return {docker, address: `unix://${socket}`, inside: ['nsenter', `--net=/proc/${child.pid}/ns/net`, '--'], stop};
}
