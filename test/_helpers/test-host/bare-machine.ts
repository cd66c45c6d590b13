import {chmod, chown, copyFile, mkdir, writeFile} from 'node:fs/promises';
import {basename, dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {command} from './command.ts';
import type {Person} from './person.ts';
import {dockerOf, type TestHost} from './test-host.ts';

/** A machine on which nothing is installed: a shell, a GPU driver, a Docker socket, and what the person has brought. */
export type BareMachine = {
	/** Starts a program on it when put before its words; `options` are more of `docker run`. */
	on(options?: string[]): string[];
	/** Ends what still runs on it. */
	stop(): Promise<void>;
};

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Builds the executable for this machine from dist/ as it is. */
export async function buildExecutable(): Promise<string> {
	const output = await command(process.execPath, ['--import=tsx', join(root, 'tools/executable.ts')], {cwd: root});
	return output.replace(/ \(.*\n$/, '');
}

/**
Makes such a machine in a container of the bare image. It has the network of this one and the person's folders under their
own paths, because those are what the engine mounts into boxes. The driver's nvidia-smi is played by the executable.

@param executable gpubox in one file
*/
export async function makeBareMachine(host: TestHost, person: Person, executable: string): Promise<BareMachine> {
	const {own, uid, gid, images} = host;
	if (own === undefined) {
		throw new Error('needs an engine of its own');
	}

	const everything = dirname(person.home);
	const parts = join(everything, 'machine');
	const player = join(parts, basename(executable));
	await mkdir(parts);
	await copyFile(executable, player);
	const passwd = join(parts, 'passwd');
	await writeFile(
		passwd,
		`root:x:0:0:root:/root:/bin/bash\n${person.environment.USER}:x:${uid}:${gid}::${person.home}:/bin/bash\n`,
	);
	const driver = join(parts, 'nvidia-smi');
	await writeFile(
		driver,
		`#!/bin/sh\nexec '${player}' /proc/self/exe/dist/demo/nvidia-smi.js --scenario '${own.hookFolder}/scenario.json' "$@"\n`,
	);
	await chmod(driver, 0o755);
	for (const path of [parts, player, passwd, driver]) {
		await chown(path, uid, gid);
	}

	const mounts = [
		[everything, everything],
		[host.address.replace('unix://', ''), '/var/run/docker.sock'],
		[own.hookFolder, own.hookFolder],
		[passwd, '/etc/passwd'],
		[driver, '/usr/bin/nvidia-smi'],
	];
	const words = ['docker', 'run', '--rm', '--network', 'host', '--hostname', 'workstation', '--user', `${uid}:${gid}`];
	words.push('--workdir', person.home, '--env', `HOME=${person.home}`, '--env', 'LANG=C.UTF-8', '--env', 'TERM');
	words.push(...mounts.flatMap(([from, to]) => ['--volume', `${from}:${to}`]));
	const label = `gpubox-test.machine=${everything}`;
	return {
		on: (options = []) => [...words, '--label', label, ...options, images.bare],
		async stop() {
			const docker = dockerOf(host);
			for (const {Id} of await docker.listContainers({filters: {label: [label]}})) {
				await docker.getContainer(Id).remove({force: true});
			}
		},
	};
}
