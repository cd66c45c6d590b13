/** What figures are measured in: a stand-in engine for what gpubox does alone, and a test host with an engine for what takes containers. */
import {execFile, spawn} from 'node:child_process';
import {once} from 'node:events';
import {chmod, mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import type Dockerode from 'dockerode';
import {queryArguments, staticFields, streamFields} from '../source/gpu/fields.ts';
import {
	dockerOf,
	makePerson,
	type Person,
	type Result,
	type TestHost,
	testHost,
	testHostVariable,
} from '../test/_helpers/test-host/index.ts';
import {prepareHost} from '../test/_helpers/test-host/prepare.ts';
import {timed} from './measure.ts';

export const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
export const cli = join(root, 'dist/cli.js');

/** Someone with a home of their own before a stand-in engine, which answers at once, and a driver whose answers are ready. */
export type Desk = {
	home: string;
	environment: Record<string, string>;
	enginePid: number;
	/** How long the program takes from its start to its end, in milliseconds. @throws when it fails */
	time(program: readonly string[]): Promise<number>;
	remove(): Promise<void>;
};

const processQuery = [
	'--query-compute-apps=gpu_uuid,pid,process_name,used_gpu_memory',
	'--format=csv,noheader,nounits',
];

/**
@param containers how many the engine has
@param lines how many lines a second the first box prints while its log is followed; `full`: as fast as they are read
*/
export async function makeDesk(containers: number, lines: number | 'full' = 0): Promise<Desk> {
	const home = await mkdtemp(join(tmpdir(), 'gpubox-bench-'));
	// Where the engine is known to be one of this machine.
	const socket = join(home, '.docker/run/docker.sock');
	await mkdir(dirname(socket), {recursive: true});
	const engine = spawn(
		process.execPath,
		[join(root, 'bench/stand-in/engine.ts'), socket, String(containers), String(lines)],
		{
			stdio: ['ignore', 'pipe', 'inherit'],
		},
	);
	await once(engine.stdout, 'data');
	const smi = await makeQuickDriver(join(home, 'bin'));
	const environment = {
		HOME: home,
		XDG_CACHE_HOME: join(home, '.cache'),
		XDG_RUNTIME_DIR: join(home, 'runtime'),
		PATH: `${smi}:/usr/bin:/bin`,
		DOCKER_HOST: `unix://${socket}`,
		LANG: 'C.UTF-8',
		TERM: 'xterm-256color',
	};
	return {
		home,
		environment,
		enginePid: engine.pid ?? 0,
		time: ([file = '', ...words]) =>
			timed(() => execute(file, words, {cwd: home, env: environment, maxBuffer: 2 ** 26})),
		async remove() {
			engine.kill();
			await rm(home, {recursive: true, force: true});
		},
	};
}

/**
Eight GPUs whose answers are ready: a stand-in on Node would itself take as long as all of gpubox.

@returns a folder for PATH
*/
async function makeQuickDriver(folder: string): Promise<string> {
	await mkdir(folder);
	const standIn = join(root, 'dist/demo/nvidia-smi.js');
	const answer = async (name: string, words: readonly string[]) => {
		const {stdout} = await execute(process.execPath, [standIn, '--scenario', eightGpus, ...words]);
		await writeFile(join(folder, name), stdout);
	};
	await answer('banner', []);
	await answer('static', queryArguments(staticFields));
	await answer('live', queryArguments(streamFields));
	await answer('processes', processQuery);
	const script = `#!/bin/sh
case "$*" in
	'') exec cat '${folder}/banner' ;;
	*-lms*) cat '${folder}/live'; exec sleep 600 ;;
	*--query-compute-apps*) exec cat '${folder}/processes' ;;
	*) exec cat '${folder}/static' ;;
esac
`;
	await writeFile(join(folder, 'nvidia-smi'), script, {mode: 0o755});
	return folder;
}

const eightGpus = join(root, 'templates/scenarios/workstation-8x-h100.json');
const execute = promisify(execFile);

/** The built stand-in for nvidia-smi with eight GPUs that change, as the first folder of a PATH. */
export async function makeDriver(host: TestHost): Promise<string> {
	const folder = await mkdtemp(join(host.folder, 'smi-'));
	const built = dirname(host.program.cli);
	const standIn = join(built, 'demo/nvidia-smi.js');
	const scenario = join(built, '../templates/scenarios/workstation-8x-h100.json');
	const line = `exec '${host.program.node}' '${standIn}' --scenario '${scenario}' "$@"`;
	await writeFile(join(folder, 'nvidia-smi'), `#!/bin/sh\n${line}\n`, {mode: 0o755});
	await chmod(folder, 0o755);
	return folder;
}

/** A test host with an engine, and someone who uses it. */
export type Workstation = {host: TestHost; person: Person};

/** Makes the test host when it is first asked for, unless `GPUBOX_TEST_HOST` names one: not every figure takes one. */
export class Workstations {
	#made: Promise<Workstation & {stop: () => Promise<void>}> | undefined;
	readonly #signal: AbortSignal;

	constructor(signal: AbortSignal) {
		this.#signal = signal;
	}

	get(): Promise<Workstation> {
		this.#made ??= this.#make();
		return this.#made;
	}

	/** The version of the engine, when one was asked for. */
	async engineVersion(): Promise<string | undefined> {
		const made = await this.#made;
		return made === undefined ? undefined : (await dockerOf(made.host).version()).Version;
	}

	async stop(): Promise<void> {
		await (await this.#made)?.stop();
	}

	async #make(): Promise<Workstation & {stop: () => Promise<void>}> {
		const prepared = process.env[testHostVariable]
			? undefined
			: await prepareHost({root, keep: false, say: console.log, signal: this.#signal});
		if (prepared) {
			process.env[testHostVariable] = prepared.file;
		}

		const host = testHost();
		const person = await makePerson(host, 'bench');
		return {
			host,
			person,
			async stop() {
				await person.remove();
				await prepared?.stop();
			},
		};
	}
}

/** Containers that look like boxes of as many projects. */
export async function makeBoxes(host: TestHost, count: number): Promise<{remove(): Promise<void>}> {
	const docker = dockerOf(host);
	const made: Dockerode.Container[] = [];
	for (let index = 0; index < count; index++) {
		const name = `bench-${index}`;
		const container = await docker.createContainer({
			Image: host.images.bare,
			name: `gpubox-${name}`,
			Cmd: ['sleep', 'infinity'],
			HostConfig: {Init: true},
			Labels: {
				'gpubox.name': name,
				'gpubox.owner': `owner${index % 4}`,
				'gpubox.project': `/projects/${index}`,
				'gpubox.services': 'jupyter',
				'gpubox.gpus': '',
				'gpubox.image': host.images.bare,
			},
		});
		await container.start();
		made.push(container);
	}

	return {
		async remove() {
			for (const container of made) {
				await container.remove({force: true});
			}
		},
	};
}

/** @throws Error with what the program printed, unless it ended with 0 */
export async function expectSuccess(result: Promise<Result>): Promise<Result> {
	const settled = await result;
	if (settled.code !== 0) {
		throw new Error(`exit code ${settled.code}: ${settled.stderr}`);
	}

	return settled;
}
