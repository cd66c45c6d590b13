import {spawn} from 'node:child_process';
import {chmodSync, closeSync, openSync, readFileSync} from 'node:fs';
import {chown, mkdir, readdir, rm, writeFile} from 'node:fs/promises';
import {delimiter, join} from 'node:path';
import Docker from 'dockerode';
import {command, lastLines} from './command.ts';
import {removeEngineFolder, separately, separateSettings} from './isolation.ts';
import type {Network} from './network.ts';
import {findCommand, systemPath} from './packages.ts';
import {processBirth} from './processes.ts';
import {waitUntil} from './wait-until.ts';

export type EngineOptions = {
	/** For images and layers. Outlives the engine. */
	dataFolder: string;
	/** For sockets, logs and state: made by `startEngine`, removed by `stop`. Short: a socket's path has at most 107 bytes. */
	runFolder: string;
	/** Who may use the socket. */
	groupId: number;
	/** Without one, containers have no network, and the engine has one of its own in which nothing is. */
	network?: Network;
	/** Goes first on the engine's PATH: where it looks for the GPU hook. Without one it finds no hook at all. */
	hookFolder?: string;
	/** Lets the engine outlive this process. */
	keep?: boolean;
};

export type TestEngine = {
	docker: Docker;
	/** For DOCKER_HOST. */
	address: string;
	/** The same engine behind a socket that only root may use. */
	rootOnlyAddress: string;
	stop(): Promise<void>;
};

/** Starts a Docker Engine beside whatever else runs on this machine and waits until it answers. Root. */
export async function startEngine(options: EngineOptions): Promise<TestEngine> {
	const {dataFolder, runFolder, network} = options;
	await removeEngineFolder(runFolder);
	await mkdir(runFolder, {recursive: true, mode: 0o755});
	await mkdir(dataFolder, {recursive: true});
	// An engine with default-address-pools that finds a default bridge of an earlier start here deletes docker0, whatever its own is named.
	await rm(join(dataFolder, 'network/files'), {recursive: true, force: true});

	const socket = join(runFolder, 'docker.sock');
	const rootOnlySocket = join(runFolder, 'root-only.sock');
	const log = join(runFolder, 'dockerd.log');
	const config = join(runFolder, 'daemon.json');
	await writeFile(
		config,
		JSON.stringify({
			hosts: [`unix://${socket}`, `unix://${rootOnlySocket}`],
			'data-root': dataFolder,
			...separateSettings(runFolder, options.groupId, network),
			'max-concurrent-downloads': 3,
			'shutdown-timeout': 5,
		}),
	);

	const path = [options.hookFolder, await pathWithoutGpuTools(runFolder)].filter((part) => part !== undefined);
	const output = openSync(log, 'w');
	const words = separately(network, 'exec dockerd --config-file "$1"', config);
	if (options.keep !== true) {
		// Even when this process is killed, the engine gets a SIGTERM and stops its containers.
		words.unshift('setpriv', '--pdeathsig', 'TERM');
	}

	const child = spawn(words[0] as string, words.slice(1), {
		// Ctrl-C in the terminal is for this process, which stops the engine when it is done with it.
		detached: true,
		stdio: ['ignore', output, output],
		// Its containerd writes a file there when it takes long to stop.
		env: {...process.env, PATH: path.join(delimiter), TMPDIR: runFolder},
	});
	closeSync(output);
	child.unref();
	const pid = await new Promise<number>((resolve, reject) => {
		child.once('error', reject);
		child.once('spawn', () => resolve(child.pid as number));
	});
	const birth = processBirth(pid);
	const running = () => birth !== undefined && processBirth(pid) === birth;
	const docker = new Docker({socketPath: socket});

	const stop = async () => {
		if (running()) {
			process.kill(pid, 'SIGTERM');
		}

		await removeEngineFolder(runFolder);
	};

	try {
		await waitUntil(
			'the engine to answer',
			async () => {
				if (!running()) {
					throw new Error('The engine ended by itself');
				}

				try {
					return (await docker.ping()) !== undefined;
				} catch {
					return false;
				}
			},
			{seconds: 60},
		);
	} catch (error) {
		const reason = lastLines(readFileSync(log, 'utf8'));
		await stop();
		throw new Error(`The test host's engine did not start. The end of its log:\n${reason}`, {cause: error});
	}

	await chown(rootOnlySocket, 0, 0);
	chmodSync(rootOnlySocket, 0o600);
	return {docker, address: `unix://${socket}`, rootOnlyAddress: `unix://${rootOnlySocket}`, stop};
}

/** A machine with real cards has NVIDIA's tools on its PATH: then the engine gets one of links to everything else. */
async function pathWithoutGpuTools(runFolder: string): Promise<string> {
	const tools = ['nvidia-container-runtime-hook', 'nvidia-cdi-hook', 'nvidia-container-runtime'];
	const found = await Promise.all(tools.map((tool) => findCommand(tool)));
	if (found.every((path) => path === undefined)) {
		return systemPath;
	}

	const folder = join(runFolder, 'path');
	await mkdir(folder);
	for (const directory of systemPath.split(delimiter).reverse()) {
		const names = await readdir(directory).catch(() => []);
		const wanted = names.filter((name) => !name.startsWith('nvidia-')).map((name) => join(directory, name));
		if (wanted.length > 0) {
			await command('ln', ['-sf', '-t', folder, ...wanted]);
		}
	}

	return folder;
}

/** Also one that the engine is removing already, for somebody who was killed meanwhile: it is listed until it is gone. */
export async function removeContainer(docker: Docker, id: string): Promise<void> {
	const container = docker.getContainer(id);
	const isThere = (work: Promise<unknown>) =>
		work.then(
			() => true,
			(error: Error & {statusCode?: number}) => {
				if (error.statusCode === 404 || /removal of container \S+ is already in progress/.test(error.message)) {
					return error.statusCode !== 404;
				}

				throw error;
			},
		);
	if (await isThere(container.remove({force: true, v: true}))) {
		await waitUntil(`container ${id} to be gone`, async () => !(await isThere(container.inspect())));
	}
}

/** Removes every container, network and volume: what earlier runs, or tests that failed, left. */
export async function emptyEngine(docker: Docker): Promise<void> {
	for (const {Id} of await docker.listContainers({all: true})) {
		await removeContainer(docker, Id);
	}

	await docker.pruneNetworks();
	const {Volumes} = await docker.listVolumes();
	for (const {Name} of Volumes ?? []) {
		await docker.getVolume(Name).remove();
	}
}

/**
Removes images of an older recipe than `keep`, and those pulled from a registry of an earlier run. Only for an engine of the tests'
own: on anyone else's, an image that these tests do not know may be somebody's.
*/
export async function removeOldImages(docker: Docker, keep: string[]): Promise<void> {
	const tags = (await docker.listImages()).flatMap((image) => image.RepoTags ?? []);
	const old = tags.filter((tag) => /^(?:gpubox-test\/|127\.0\.0\.1:|localhost:)/.test(tag) && !keep.includes(tag));
	for (const tag of old) {
		await docker.getImage(tag).remove({force: true});
	}
}
