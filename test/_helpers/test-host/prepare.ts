import {createHash} from 'node:crypto';
import {existsSync} from 'node:fs';
import {chmod, copyFile, cp, mkdir, mkdtemp, readFile, rm, rmdir, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import Docker from 'dockerode';
import {succeeds} from './command.ts';
import {emptyEngine, removeOldImages, startEngine} from './engine.ts';
import {gpus, writeGpuHook} from './gpu-hook.ts';
import {prepareImages, type TestImages} from './images.ts';
import {removeEngineFolder} from './isolation.ts';
import {differences, isElsewhere, machineState} from './machine.ts';
import {makeNetwork, removeNetwork} from './network.ts';
import {installPackages} from './packages.ts';
import {secretsOf} from './person.ts';
import {processBirth} from './processes.ts';
import type {TestHost} from './test-host.ts';

export type PreparedHost = {
	/** The description that `testHost()` reads. */
	file: string;
	docker: Docker;
	images: TestImages;
	stop(): Promise<void>;
};

type Options = {
	/** The clone: holds dist, templates and .cache. */
	root: string;
	/** Which of several test hosts that run at the same time, from 0. As root only. */
	lane?: number;
	/** An engine that has the images already. */
	imagesFrom?: Docker;
	/** Leaves the engine running when this process ends. */
	keep: boolean;
	say: (line: string) => void;
	signal: AbortSignal;
};

/**
Who gpubox runs as when the tests run as root. Needs no entry in /etc/passwd. Another one for each lane: a person's folder in /dev/shm
has their number in its name. A test may take the numbers that follow for others.
*/
const personOf = (lane: number) => ({uid: 1000 + 10 * lane, gid: 1000 + 10 * lane});

/** Makes ready what the end-to-end tests need. As root an engine of their own; else the engine that this user can reach. */
export async function prepareHost(options: Options): Promise<PreparedHost> {
	return process.getuid?.() === 0 ? ownEngine(options) : reachableEngine(options);
}

async function ownEngine({root, lane = 0, imagesFrom, keep, say, signal}: Options): Promise<PreparedHost> {
	await installPackages(say, signal);
	const person = personOf(lane);
	const {hash, cache, owner, runFolder, bridge} = placesOf(root, lane);
	await mkdir(cache, {recursive: true});
	const {folder, release} = await takeOwnership(owner);
	if (lane === 0) {
		// This run may have fewer lanes than one that was killed.
		for (let other = 1; existsSync(placesOf(root, other).cache); other++) {
			await removeLeft(placesOf(root, other));
		}
	}

	const undo = [release];
	const stop = async () => {
		for (const step of undo.splice(0).reverse()) {
			await step();
		}
	};
	try {
		const program = await readableProgram(root, folder, person);
		const hookFolder = join(folder, 'gpu');
		const hook = await writeGpuHook(hookFolder, {
			node: program.node,
			nvidiaSmi: join(dirname(program.cli), 'demo/nvidia-smi.js'),
		});
		await removeEngineFolder(runFolder);
		await removeNetwork(bridge);
		const secrets = secretsOf(person.uid);
		if (!existsSync(secrets)) {
			// What is in it then is of somebody who has that number on this machine, or the tests' own fault.
			undo.push(() => rmdir(secrets).catch(() => {}));
		}

		const before = await machineState();
		// At the very end, when everything else is undone.
		undo.unshift(async () => {
			const changes = differences(before, await machineState());
			assertNone(changes.filter((line) => !isElsewhere(line, hash)));
		});
		const network = await makeNetwork(bridge, Number.parseInt(hash, 16));
		undo.push(() => network.remove());
		const engine = await startEngine({
			dataFolder: join(cache, 'engine'),
			runFolder,
			groupId: person.gid,
			network,
			hookFolder: hook.engine,
			keep,
		});
		undo.push(() => engine.stop());
		await emptyEngine(engine.docker);
		const images = await prepareImages(engine.docker, {
			workFolder: cache,
			...(imagesFrom && {from: imagesFrom}),
			say,
			signal,
		});
		await removeOldImages(engine.docker, Object.values(images));
		undo.push(() => emptyEngine(engine.docker));
		const file = await describe(folder, {
			address: engine.address,
			images,
			...person,
			folder,
			program,
			own: {rootOnlyAddress: engine.rootOnlyAddress, gpus, hookFolder, hostPath: hook.host, runFolder},
		});
		return {file, docker: engine.docker, images, stop};
	} catch (error) {
		await stop();
		throw error;
	}
}

type Places = {hash: string; cache: string; owner: string; runFolder: string; bridge: string};

/** Sockets want short paths, and what a run that was killed left must be found again. */
function placesOf(root: string, lane: number): Places {
	// Two test hosts on one machine must not meet: everything that has a fixed name outside of their folders carries this.
	const hash = createHash('sha256')
		.update(lane === 0 ? root : `${root} ${lane}`)
		.digest('hex')
		.slice(0, 8);
	const cache = join(root, '.cache', lane === 0 ? 'test-host' : `test-host-${lane}`);
	return {
		hash,
		cache,
		owner: join(cache, 'owner.json'),
		runFolder: `/run/gpubox-test-${hash}`,
		bridge: `gpubox${hash}`,
	};
}

/** What a run that was killed left of its test host outside of the clone. */
async function removeLeft({owner, runFolder, bridge}: Places): Promise<void> {
	if (existsSync(owner)) {
		const {release} = await takeOwnership(owner);
		await removeEngineFolder(runFolder);
		await removeNetwork(bridge);
		await release();
	}
}

function assertNone(changes: string[]): void {
	if (changes.length > 0) {
		throw new Error(
			`This machine is not what it was before the tests; they must leave it alone:\n${changes.join('\n')}\n` +
				'If somebody else changed it meanwhile, run them again.',
		);
	}
}

async function reachableEngine({root, say, signal}: Options): Promise<PreparedHost> {
	const address = process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock';
	const docker = new Docker({socketPath: address.replace(/^unix:\/\//, '')});
	if (!address.startsWith('unix://') || !(await answers(docker))) {
		throw new Error(
			`The end-to-end tests need a Docker Engine on this machine, and none answers at ${address}.\n` +
				'Run the tests as root, which starts one of their own, or start Docker and join the group docker.',
		);
	}

	say(`not root: using the engine at ${address}; tests that need the engine's GPU hook are skipped`);
	const images = await prepareImages(docker, {say, signal});
	const folder = await mkdtemp(join(tmpdir(), 'gpubox-test-'));
	const file = await describe(folder, {
		address,
		images,
		uid: process.getuid?.() ?? personOf(0).uid,
		gid: process.getgid?.() ?? personOf(0).gid,
		folder,
		program: {node: process.execPath, cli: join(root, 'dist/cli.js')},
	});
	return {file, docker, images, stop: () => rm(folder, {recursive: true, force: true})};
}

async function describe(folder: string, host: TestHost): Promise<string> {
	const file = join(folder, 'test-host.json');
	await writeFile(file, JSON.stringify(host, undefined, '\t'));
	return file;
}

async function answers(docker: Docker): Promise<boolean> {
	try {
		await docker.ping();
		return true;
	} catch {
		return false;
	}
}

type Owner = {pid: number; birth: string; folder: string};

/**
One run at a time for each clone and lane, because the runs share the engine's images. Gives a new folder for everything that this run
keeps outside of the clone, and removes that of a run that was killed.
*/
async function takeOwnership(file: string): Promise<{folder: string; release(): Promise<void>}> {
	if (existsSync(file)) {
		const before = JSON.parse(await readFile(file, 'utf8')) as Owner;
		if (processBirth(before.pid) === before.birth) {
			throw new Error(
				`Process ${before.pid} runs the end-to-end tests of this clone already.\nWait for it, or stop it.`,
			);
		}

		await rm(before.folder, {recursive: true, force: true});
	}

	const folder = await mkdtemp(join(tmpdir(), 'gpubox-test-'));
	await chmod(folder, 0o755);
	const owner: Owner = {pid: process.pid, birth: processBirth(process.pid) ?? '', folder};
	await writeFile(file, JSON.stringify(owner));
	return {
		folder,
		release: async () => {
			await rm(folder, {recursive: true, force: true});
			await rm(file, {force: true});
		},
	};
}

/** gpubox as built, where the person may read it: in place, or copied when the clone is in a folder of root's alone. */
async function readableProgram(
	root: string,
	folder: string,
	person: {uid: number; gid: number},
): Promise<TestHost['program']> {
	const node = process.execPath;
	const cli = join(root, 'dist/cli.js');
	const mayRead = (path: string) => succeeds('test', ['-r', path], {...person, cwd: '/'});
	const program = {node, cli};
	if (!(await mayRead(cli))) {
		const copy = join(folder, 'program');
		for (const part of ['dist', 'templates', 'package.json']) {
			await cp(join(root, part), join(copy, part), {recursive: true});
		}

		program.cli = join(copy, 'dist/cli.js');
	}

	if (!(await mayRead(node))) {
		program.node = join(folder, 'node');
		await copyFile(node, program.node);
	}

	return program;
}
