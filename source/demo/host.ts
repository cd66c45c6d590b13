import {execFile} from 'node:child_process';
import {mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import type {AskHttp} from '../host/ask-http.ts';
import type {Host, NvidiaSmi} from '../host/host.ts';
import {readOwnFile} from '../own-file.ts';
import {createDemoEngine, type DemoEngine} from './engine.ts';
import {parseScenario} from './scenario.ts';
import {seedBoxes} from './world.ts';

export type DemoHost = Host &
	AsyncDisposable & {
		engine: DemoEngine;
		/** How the made-up machine itself is doing. */
		readHost: () => Promise<{
			hostname: string;
			cpuLoad: number;
			cpuCount: number;
			memoryUsedBytes: number;
			memoryTotalBytes: number;
			diskFreeBytes: number;
			diskTotalBytes: number;
		}>;
	};

export type DemoHostOptions = {
	/** 1 (unless told) takes about as long as a real host, 0 no time at all. */
	pace?: number;
	/** Whether logs go on and load changes by themselves; true unless told. */
	alive?: boolean;
	now?: () => Date;
	/** How the stand-in for nvidia-smi is started; as a program of its own beside this one unless told. */
	nvidiaSmi?: (scenarioFile: string) => NvidiaSmi;
};

/** Jupyter needs a moment before it listens. */
const jupyterStartMs = 2500;

/**
A whole workstation that is made up: GPUs from a scenario, an engine in this process, four people. What gpubox writes goes
into a temporary folder that is removed with it; nothing real is touched.

@param scenarioFile what the GPUs are like and what happens to them
@throws ScenarioError when the file is no scenario; an error of `readFile` when it cannot be read
*/
export async function makeDemoHost(scenarioFile: string, options: DemoHostOptions = {}): Promise<DemoHost> {
	const {pace = 1, alive = true, now = () => new Date()} = options;
	const scenario = parseScenario(JSON.parse(readOwnFile(scenarioFile)));
	const root = mkdtempSync(join(tmpdir(), 'gpubox-demo-'));
	const paths = {
		config: join(root, 'config'),
		state: join(root, 'state'),
		home: join(root, 'home'),
		cache: join(root, 'cache'),
		ssh: join(root, 'ssh'),
		secrets: join(root, 'secrets'),
	};
	const folder = (name: string) => join(paths.state, name);
	const boxes = seedBoxes(scenario, folder);
	const person = {name: 'dora', uid: process.getuid?.() ?? 1000, gid: process.getgid?.() ?? 1000};
	for (const {spec} of boxes) {
		const name = spec.labels['gpubox.name'] ?? '';
		if (spec.labels['gpubox.owner'] === person.name) {
			mkdirSync(folder(name), {recursive: true, mode: 0o700});
			writeFileSync(join(folder(name), 'token'), `made-up-token-of-${name}`, {mode: 0o600});
		}
	}

	const nvidiaSmi = (options.nvidiaSmi ?? standIn)(scenarioFile);
	const engine = createDemoEngine({
		boxes,
		gpuCount: scenario.gpus.length,
		pace,
		alive,
		now,
		async nvidiaSmi() {
			const {stdout} = await promisify(execFile)(nvidiaSmi.file, nvidiaSmi.arguments, {env: nvidiaSmi.environment});
			return stdout;
		},
	});

	let readings = 0;
	return {
		engine,
		nvidiaSmi,
		person,
		paths,
		askHttp: makeUpAnswers(engine, jupyterStartMs * pace),
		demo: true,
		async readHost() {
			readings += alive ? 1 : 0;
			const gibibyte = 1024 ** 3;
			return {
				hostname: 'hopper',
				cpuLoad: 31 + 6 * Math.sin(readings / 3),
				cpuCount: 96,
				memoryUsedBytes: (312 + 4 * Math.sin(readings / 5)) * gibibyte,
				memoryTotalBytes: 1024 * gibibyte,
				diskFreeBytes: 2.4 * 1024 * gibibyte,
				diskTotalBytes: 7 * 1024 * gibibyte,
			};
		},
		async [Symbol.asyncDispose]() {
			engine[Symbol.dispose]();
			rmSync(root, {recursive: true, force: true});
		},
	};
}

function standIn(scenarioFile: string): NvidiaSmi {
	// In a checkout it is TypeScript beside this, which Node runs as it is; in the bundle a program of its own below this.
	const place = import.meta.url.endsWith('.ts') ? 'nvidia-smi.ts' : 'demo/nvidia-smi.js';
	const file = fileURLToPath(new URL(place, import.meta.url));
	return {
		file: process.execPath,
		arguments: [file, '--scenario', scenarioFile],
		// Several processes show the same machine: its time begins here.
		environment: {...process.env, GPUBOX_SCENARIO_EPOCH: String(Date.now())},
	};
}

/** Answers for the made-up Jupyter servers and for nothing else. */
function makeUpAnswers(engine: DemoEngine, startMs: number): AskHttp {
	const json = (status: number, value: unknown) => ({status, body: JSON.stringify(value) ?? ''});
	const shutDown = new Set<string>();
	return async (url, {headers = {}, method = 'GET'}) => {
		const there = engine.atPort(Number(url.port));
		if (there === undefined || there.runningMs < startMs) {
			throw new Error('connect ECONNREFUSED: nothing listens there on the made-up host');
		}

		if (url.pathname === '/api') {
			return json(200, {version: '2.17.0'});
		}

		const tokenFile = there.spec.mounts.find((mount) => mount.target.endsWith('/jupyter_token'))?.source;
		const given = /^(?:token|Bearer) (.+)$/i.exec(headers.authorization ?? '')?.[1];
		if (given === undefined || given !== readIfThere(tokenFile)) {
			return json(403, {message: 'Forbidden'});
		}

		const now = new Date().toISOString();
		if (url.pathname === '/api/status') {
			return json(200, {connections: 1, kernels: 1, last_activity: now, started: now});
		}

		// One notebook that nobody looked at for hours, until it is shut down.
		const kernel = `${there.spec.name}-kernel`;
		if (method === 'DELETE' && url.pathname === `/api/kernels/${kernel}`) {
			shutDown.add(kernel);
			return json(204, undefined);
		}

		return url.pathname === '/api/kernels'
			? json(
					200,
					shutDown.has(kernel)
						? []
						: [
								{
									id: kernel,
									name: 'python3',
									execution_state: 'idle',
									last_activity: new Date(Date.now() - 3 * 3_600_000).toISOString(),
									connections: 0,
								},
							],
				)
			: json(404, {message: 'Not Found'});
	};
}

function readIfThere(file: string | undefined): string | undefined {
	try {
		return file === undefined ? undefined : readFileSync(file, 'utf8');
	} catch {
		// The box of somebody else: its token is not on this host's side of the story.
		return undefined;
	}
}
