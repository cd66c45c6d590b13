import {spawn} from 'node:child_process';
import {existsSync} from 'node:fs';
import {chmod, mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import Docker from 'dockerode';
import {unpackedPackages} from '../consumers/cache.ts';
import {command} from './command.ts';
import {systemPath} from './packages.ts';
import type {Person} from './person.ts';
import {endNamespace, endOf} from './processes.ts';
import {waitUntil} from './wait-until.ts';

const starter = '/usr/share/docker.io/contrib/dockerd-rootless.sh';

/** Why this machine can have no rootless engine; undefined when it can. */
export async function whyNoRootlessEngine(): Promise<string | undefined> {
	if (process.getuid?.() !== 0) {
		return 'only root can give a person numbers of their own';
	}

	if (!existsSync(starter)) {
		return `the package docker.io of this machine has no ${starter}`;
	}

	if (!existsSync('/dev/net/tun')) {
		return 'there is no /dev/net/tun';
	}

	return command('setpriv', ['--reuid', '65534', '--clear-groups', 'unshare', '-Ur', 'true']).then(
		() => undefined,
		() => 'users may not make user namespaces',
	);
}

export type RootlessEngine = {docker: Docker; address: string; stop(): Promise<void>};

/**
Docker as a user runs it without root's rights. It sees an /etc/subuid of its own, and all that it starts ends with it.

@param person whose engine it is
@param folder short, because a socket's path has at most 107 bytes
*/
export async function startRootlessEngine(person: Person, folder: string): Promise<RootlessEngine> {
	const packages = await unpackedPackages('rootless-1', ['rootlesskit', 'uidmap', 'slirp4netns', 'libslirp0']);
	const place = await mkdtemp(join(folder, 'rootless-'));
	const [runtime, data] = [join(place, 'run'), join(place, 'data')];
	await chmod(place, 0o755);
	for (const own of [runtime, data]) {
		await mkdir(own, {mode: 0o700});
		await command('chown', [`${person.uid}:${person.gid}`, own]);
	}

	// The clone may be in a folder that others cannot enter.
	const programs = join(place, 'programs');
	await command('cp', ['-a', packages, programs]);
	const name = person.environment.USER ?? '';
	await writeFile(join(place, 'subid'), `${name}:1000000:65536\n`);
	await writeFile(
		join(place, 'passwd'),
		`root:x:0:0::/root:/bin/sh\n${name}:x:${person.uid}:${person.gid}::${person.home}:/bin/sh\n`,
	);
	const script = [
		'set -e',
		'mount --bind "$1/passwd" /etc/passwd',
		'for table in subuid subgid; do [ -e /etc/$table ] && mount --bind "$1/subid" /etc/$table; done',
		// Where the machine keeps it to root.
		'mknod "$1/tun" c 10 200 && chmod 666 "$1/tun" && mount --bind "$1/tun" /dev/net/tun',
		'mount --make-rshared /',
		'exec setpriv --reuid "$2" --regid "$3" --clear-groups sh "$4" --data-root "$1/data" --exec-root "$1/run/docker" --host "unix://$1/run/docker.sock" >"$1/run/log" 2>&1',
	].join('\n');
	const child = spawn(
		'setpriv',
		[
			// A run that is broken off does not come to `stop`.
			...['--pdeathsig', 'KILL', 'unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'],
			...['sh', '-c', script, 'sh', place, `${person.uid}`, `${person.gid}`, starter],
		],
		{
			stdio: 'ignore',
			detached: true,
			env: {
				HOME: person.home,
				USER: name,
				XDG_RUNTIME_DIR: runtime,
				TMPDIR: runtime,
				PATH: `${join(programs, 'usr/bin')}:${systemPath}`,
				LD_LIBRARY_PATH: join(programs, 'usr/lib', process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu'),
			},
		},
	);
	const docker = new Docker({socketPath: join(runtime, 'docker.sock')});
	const ended = endOf(child);
	const stop = async () => {
		await endNamespace(child, ended);
		await rm(place, {recursive: true, force: true});
	};
	try {
		await waitUntil('the rootless engine', () =>
			docker.ping().then(
				() => true,
				() => false,
			),
		);
	} catch (error) {
		await stop();
		throw error;
	}

	return {docker, address: `unix://${join(runtime, 'docker.sock')}`, stop};
}
