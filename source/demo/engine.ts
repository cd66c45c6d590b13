import {setTimeout as sleep} from 'node:timers/promises';
import {type ContainerSpec, type Engine, EngineError} from '../engine/engine.ts';
import {createInhabitants, detailOf, type Inhabitant, rowOf} from './containers.ts';
import {startExec} from './exec.ts';
import {createImageStore} from './image-store.ts';
import {cudaError, quiet} from './sample-logs.ts';
import type {Seed} from './seed-boxes.ts';
import type {Answer, ShellWorld} from './shell.ts';

export type DemoEngineOptions = {
	boxes: Seed[];
	/** Images that are there besides those of the boxes. */
	images: string[];
	/** Number of GPUs, for what the engine says of itself. */
	gpuCount: number;
	/** 1 takes about as long as a real one, 0 no time at all. */
	pace: number;
	/** Whether logs go on by themselves. */
	alive: boolean;
	now: () => Date;
	/** What nvidia-smi says in a box that sees these cards only. */
	nvidiaSmi: (uuids: string[]) => Promise<Answer>;
	/** Told which processes are gone with a container that ended. */
	onEnd: (pids: number[]) => void;
};

export type DemoEngine = Engine &
	Disposable & {
		/** Lets every running box write one line. */
		tick(): void;
		/** From now on every call is refused with this, and streams of events break; undefined mends it. */
		breakOff(error: EngineError | undefined): void;
		/** The running container that publishes a port of the host, with how long it has been running. */
		atPort(port: number): {spec: ContainerSpec; runningMs: number} | undefined;
		/** The programs on this card end as they do when it falls off the bus; their boxes run on. */
		loseCard(uuid: string): void;
		/** The kernels of a box end: its processes, which are told to `onEnd`. */
		endProcesses(containerName: string): void;
	};

/** Between two lines of all boxes together; each writes with every other one. */
const tickMs = 750;

/** An engine that lives in this process: its containers, images and events are made up, but behave as real ones do. */
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: older than the limit
export function createDemoEngine(options: DemoEngineOptions): DemoEngine {
	const {pace, now, boxes} = options;
	let refusal: EngineError | undefined;

	const check = () => {
		if (refusal !== undefined) {
			throw refusal;
		}
	};

	const wait = async (milliseconds: number, signal?: AbortSignal) => {
		if (pace > 0) {
			await sleep(milliseconds * pace, undefined, signal === undefined ? {} : {signal}).catch(() => {
				throw new EngineError('aborted', 'Interrupted.');
			});
		}

		if (signal?.aborted) {
			throw new EngineError('aborted', 'Interrupted.');
		}

		check();
	};

	const containers = createInhabitants(boxes, {now, onEnd: options.onEnd});
	const references = new Set([...boxes.map(({spec}) => spec.image), ...options.images]);
	const {has: hasImage, idOf, ...images} = createImageStore({references: [...references], now, check, wait});
	const timer = options.alive ? setInterval(containers.tick, tickMs).unref() : undefined;

	const need = (id: string): Inhabitant => {
		check();
		return containers.need(id);
	};

	const runningWith = (port: number | undefined) =>
		containers
			.list()
			.find((each) => each.state === 'running' && each.spec.ports.some(({hostPort}) => hostPort === port));

	const endProcesses = (container: Inhabitant) => {
		options.onEnd(container.pids);
		container.pids = [];
	};

	const worldOf = (container: Inhabitant): ShellWorld => ({
		user: container.spec.labels['gpubox.owner'] ?? 'user',
		hostname: container.spec.hostname ?? container.id.slice(0, 12),
		files: ['README.md', 'data', 'explore.ipynb', 'features.ipynb', 'out', 'train.py'],
		...(container.spec.gpus.length === 0 ? {} : {nvidiaSmi: async () => options.nvidiaSmi(container.spec.gpus)}),
	});

	return {
		...images,
		address: 'a made-up engine',
		local: true,

		async info() {
			check();
			return {
				version: '29.1.3',
				architecture: 'x86_64',
				rootDirectory: '/var/lib/docker',
				cpus: 96,
				memoryBytes: 1024 ** 4,
				runtimes: ['io.containerd.runc.v2', 'nvidia', 'runc'],
				cdiDevices: Array.from({length: options.gpuCount}, (_, index) => `nvidia.com/gpu=${index}`),
				cdiSpecDirectories: ['/etc/cdi', '/var/run/cdi'],
				rootless: false,
				flavour: 'docker',
				registryMirrors: [],
			};
		},

		async listContainers({labels = []} = {}) {
			check();
			return containers
				.list()
				.filter(({spec}) =>
					labels.every((wanted) => {
						const [key = '', value] = wanted.split(/=(.*)/s);
						return value === undefined ? spec.labels[key] !== undefined : spec.labels[key] === value;
					}),
				)
				.map((container) => rowOf(container, idOf(container.spec.image)));
		},

		async inspectContainer(id) {
			check();
			const container = containers.find(id);
			return container === undefined ? undefined : detailOf(container, idOf(container.spec.image));
		},

		async createContainer(spec) {
			check();
			if (containers.list().some((each) => each.spec.name === spec.name)) {
				throw new EngineError('name-taken', `The container name "/${spec.name}" is already in use`, {status: 409});
			}

			if (!hasImage(spec.image)) {
				throw new EngineError('not-found', `No such image: ${spec.image}`, {status: 404});
			}

			const container = containers.add(spec);
			containers.tell(container, 'create');
			return container.id;
		},

		async startContainer(id) {
			const container = need(id);
			if (container.state === 'running') {
				return;
			}

			await wait(250);
			if (container.spec.ports.some(({hostPort}) => runningWith(hostPort) !== undefined)) {
				throw new EngineError('port-taken', 'Bind for 127.0.0.1 failed: port is already allocated', {status: 500});
			}

			containers.run(container);
		},

		async stopContainer(id) {
			const container = need(id);
			if (container.state === 'running') {
				await wait(900);
				containers.write(container, 'Terminated by signal 15');
				containers.halt(container, 143);
				containers.tell(container, 'stop');
			}
		},

		async renameContainer(id, name) {
			const container = need(id);
			container.spec = {...container.spec, name};
		},

		async removeContainer(id, {force = false} = {}) {
			const container = need(id);
			if (container.state === 'running') {
				if (!force) {
					throw new EngineError('conflict', 'cannot remove a running container', {status: 409});
				}

				containers.halt(container, 137);
			}

			await wait(150);
			containers.remove(container);
		},

		async waitContainer(id, signal) {
			const container = need(id);
			return container.state === 'running' ? containers.ended(container, signal) : container.exitCode;
		},

		async *logs(id, {follow = false, tail, since, timestamps = false, signal} = {}) {
			yield* containers.log(need(id), {follow, tail, since, timestamps}, signal);
		},

		async exec(id, spec) {
			const container = need(id);
			if (container.state !== 'running') {
				throw new EngineError('conflict', `container ${container.id} is not running`, {status: 409});
			}

			return startExec(spec, worldOf(container));
		},

		async top(id) {
			return need(id).pids;
		},

		async readFile(id, path) {
			const container = need(id);
			return path === '/etc/hostname' ? Buffer.from(`${container.spec.hostname ?? ''}\n`) : undefined;
		},

		async fileExists(id, path) {
			need(id);
			return path === '/etc/hostname';
		},

		async kindOfFile(id) {
			need(id);
			return undefined;
		},

		async putFiles(id) {
			need(id);
		},

		async *events({signal, types}) {
			check();
			yield* containers.events(signal, types);
			check();
		},

		tick: containers.tick,
		breakOff(error) {
			refusal = error;
			if (error !== undefined) {
				containers.breakEvents();
			}
		},
		atPort(port) {
			const container = runningWith(port);
			return container === undefined
				? undefined
				: {spec: container.spec, runningMs: now().getTime() - (container.startedAt ?? now()).getTime()};
		},
		loseCard(uuid) {
			for (const container of containers.list()) {
				if (container.state === 'running' && container.spec.gpus.includes(uuid)) {
					for (const line of cudaError) {
						containers.write(container, line);
					}

					container.story = quiet;
					endProcesses(container);
				}
			}
		},
		endProcesses(containerName) {
			const container = containers.find(containerName);
			if (container !== undefined) {
				endProcesses(container);
			}
		},
		[Symbol.dispose]() {
			clearInterval(timer);
			containers.close();
		},
	};
}
