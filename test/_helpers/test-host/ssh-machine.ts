/** Machines that are reached by a real ssh: an OpenSSH server in the network namespace of an engine of its own. */
import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync} from 'node:fs';
import {appendFile, chmod, chown, mkdir, writeFile} from 'node:fs/promises';
import {createServer, type Socket} from 'node:net';
import {delimiter, join} from 'node:path';
import {unpackedPackages} from '../consumers/cache.ts';
import {command} from './command.ts';
import type {Person} from './person.ts';
import type {SecondEngine} from './second-engine.ts';

export type SshMachine = {
	/** Of its programs; goes first on the PATH there. */
	bin: string;
	/** From now on no connection is taken, and those there are break off: as when its power goes. */
	die(): void;
	stop(): Promise<void>;
};

/** Where OpenSSH's server and the libraries that a machine without it lacks are unpacked. */
const serverPackages = ['openssh-server', 'libwrap0', 'libnsl2', 'libtirpc3'];

type MachineOptions = {
	/** As the person's ssh config calls it. */
	name: string;
	engine: SecondEngine;
	/** Before a connection is answered. */
	delayMs?: number;
	/** On the PATH of its programs, behind its own. */
	path: readonly string[];
	/** Of another engine that its programs use. */
	address?: string;
	/** Folders in the place of which it has others. */
	instead?: Record<string, string>;
};

/**
A machine on which a person may log in with a key of theirs; the person's ~/.ssh/config gets its name. It dies when a program there opens
the file `off` in its folder of programs for writing. Root, and a person who is known.
*/
export async function startSshMachine(
	person: Person,
	{name, engine, delayMs = 0, path, address: engineAddress = engine.address, instead = {}}: MachineOptions,
): Promise<SshMachine> {
	const root = await unpackedPackages('openssh-server', serverPackages);
	const folder = join(person.home, '..', `machine-${name}`);
	const bin = join(folder, 'bin');
	const ssh = join(person.home, '.ssh');
	await mkdir(bin, {recursive: true});
	await mkdir(ssh, {recursive: true, mode: 0o700});
	const key = join(ssh, 'id_ed25519');
	if (!existsSync(key)) {
		await command('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
	}

	const hostKey = join(folder, 'host_key');
	await command('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', hostKey]);
	const off = join(bin, 'off');
	await command('mkfifo', ['-m', '666', off]);

	const server = createServer({pauseOnConnect: true});
	const sockets = new Set<Socket>();
	const children = new Set<ChildProcess>();
	const timers = new Set<NodeJS.Timeout>();
	const words = [
		...(await engine.inside()),
		...person.prefix,
		...Object.entries(instead).flatMap(([place, other]) => mounted(place, other)),
		...['setpriv', '--reuid', `${person.uid}`, '--regid', `${person.gid}`, '--clear-groups', '--'],
		...serverWords(root, {hostKey, key: `${key}.pub`, engineAddress, path: [bin, ...path]}),
	];
	const libraries = ['usr/lib/x86_64-linux-gnu', 'usr/lib/aarch64-linux-gnu'].map((part) => join(root, part));
	const answer = (socket: Socket) => {
		const [file = '', ...rest] = words;
		const child = spawn(file, rest, {
			stdio: [socket, socket, 'ignore'],
			detached: true,
			env: {...process.env, LD_LIBRARY_PATH: libraries.join(delimiter)},
		});
		children.add(child);
		child.once('exit', () => children.delete(child));
		sockets.delete(socket);
		socket.destroy();
	};
	server.on('connection', (socket) => {
		sockets.add(socket);
		socket.on('error', () => {});
		const timer = setTimeout(() => {
			timers.delete(timer);
			answer(socket);
		}, delayMs);
		timers.add(timer);
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	const address = server.address();
	const port = typeof address === 'object' ? address?.port : undefined;
	await appendFile(
		join(ssh, 'config'),
		`Host ${name}\n  HostName 127.0.0.1\n  Port ${port}\n  IdentityFile ${key}\n  HostKeyAlias ${name}\n  StrictHostKeyChecking yes\n`,
	);
	const publicKey = (await command('ssh-keygen', ['-y', '-f', hostKey])).trim();
	await appendFile(join(ssh, 'known_hosts'), `${name} ${publicKey}\n`);
	for (const each of [
		folder,
		bin,
		hostKey,
		off,
		ssh,
		key,
		`${key}.pub`,
		join(ssh, 'config'),
		join(ssh, 'known_hosts'),
	]) {
		await chown(each, person.uid, person.gid);
	}

	const die = () => {
		server.close();
		for (const timer of timers) {
			clearTimeout(timer);
		}

		for (const socket of sockets) {
			socket.destroy();
		}

		for (const {pid} of children) {
			if (pid !== undefined) {
				process.kill(-pid, 'SIGKILL');
			}
		}
	};
	// A program of its own, because to open the file waits for a writer.
	const switchOff = spawn('cat', [off], {stdio: ['ignore', 'pipe', 'ignore']});
	switchOff.stdout.once('data', die);
	return {
		bin,
		die,
		async stop() {
			die();
			if (switchOff.exitCode === null && switchOff.signalCode === null) {
				const over = once(switchOff, 'exit');
				switchOff.kill();
				await over;
			}
		},
	};
}

/** In the mount namespace of the person. */
function mounted(place: string, other: string): string[] {
	return ['sh', '-c', 'mount --bind "$1" "$2" && shift 2 && exec "$@"', 'sh', other, place];
}

/** The server as an ordinary user, for one connection on stdin: no privileges, no PAM, this key alone. */
function serverWords(
	root: string,
	{hostKey, key, engineAddress, path}: {hostKey: string; key: string; engineAddress: string; path: readonly string[]},
): string[] {
	const session = join(root, 'usr/lib/openssh/sshd-session');
	const environment = [
		`PATH=${[...path, '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter)}`,
		`DOCKER_HOST=${engineAddress}`,
	];
	const options = [
		`HostKey=${hostKey}`,
		`AuthorizedKeysFile=${key}`,
		'StrictModes=no',
		'UsePAM=no',
		'PasswordAuthentication=no',
		'PidFile=none',
		`SetEnv=${environment.join(' ')}`,
		// A server since 9.8 has a program of its own for each session.
		...(existsSync(session) ? [`SshdSessionPath=${session}`] : []),
	];
	return [join(root, 'usr/sbin/sshd'), '-i', '-e', '-f', '/dev/null', ...options.flatMap((option) => ['-o', option])];
}

/** A program of a machine: a shell script. */
export async function addProgram({bin}: Pick<SshMachine, 'bin'>, name: string, script: string): Promise<void> {
	const path = join(bin, name);
	await writeFile(path, `#!/bin/sh\n${script}\n`);
	await chmod(path, 0o755);
}
