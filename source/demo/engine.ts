import {constants} from 'node:os';
import {setTimeout as sleep} from 'node:timers/promises';
import {label} from '../box/box.ts';
import {type ContainerSpec, type Engine, EngineError, type EngineInfo} from '../engine/engine.ts';
import {type DemoContainer, DemoContainers, detailOf, rowOf} from './containers.ts';
import {startExec} from './exec.ts';
import {createImageStore} from './image-store.ts';
import {cudaError, lastWords, quiet} from './sample-logs.ts';
import type {Seed} from './seed-boxes.ts';
import type {Answer, ShellWorld} from './shell.ts';
import {measureAt} from './use.ts';

export type DemoEngineOptions = {
	boxes: Seed[];
	/** Local images in addition to those of the boxes. */
	images: string[];
	/** Number of GPUs, for the engine's info. */
	gpuCount: number;
	/** 1 takes about as long as a real one, 0 no time at all. */
	pace: number;
	/** Whether logs continue automatically. */
	alive: boolean;
	now: () => Date;
	/** The output of nvidia-smi in a box that sees only these cards. */
	nvidiaSmi: (uuids: string[]) => Promise<Answer>;
	/** Called with the processes that ended with a container. */
	onEnd: (pids: number[]) => void;
	/** Called when a job has ended, before its container is gone. */
	onJobEnd?: (name: string, exitCode: number) => void;
};

export type DemoEngine = Engine &
	Disposable & {
		/** Lets every running box write one line. */
		tick(): void;
		/** From now on every call is refused with this, and streams of events break; undefined ends that. */
		breakOff(error: EngineError | undefined): void;
		/** The running container that publishes a port of the host, with how long it has been running, and whether it was started again. */
		atPort(port: number): {spec: ContainerSpec; runningMs: number; again: boolean} | undefined;
		/** The programs on this card end as they do when it falls off the bus; their boxes keep running. */
		loseCard(uuid: string): void;
		/** The kernels of a box end: its processes, which `onEnd` is called with. */
		endProcesses(containerName: string): void;
		/** The labels of the container in which a process runs; undefined when there is none. */
		labelsAround(pid: number): Record<string, string> | undefined;
		/** A process of a container ends, as after a signal. Whether there was one. */
		endProcess(pid: number): boolean;
		/** A running container ends without anyone's doing. */
		endContainer(name: string, end: {exitCode: number; oomKilled: boolean}): void;
	};

/** A new container is started at once; what is started later than that was stopped. */
const startsWithinMs = 10_000;

/** Between two lines of all boxes together; each writes with every other one. */
const tickMs = 750;

/** What the calls of the demo engine work on. */
type Simulation = {
	options: DemoEngineOptions;
	containers: DemoContainers;
	images: ReturnType<typeof createImageStore>;
	/** @throws EngineError while the engine is cut off */
	check: () => void;
	/** Takes about as long as a real engine. @throws EngineError as `check`, or when `signal` aborts */
	wait: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
	/** @throws EngineError as `check`, or when there is none */
	need: (id: string) => DemoContainer;
};

/** An engine inside this process: its containers, images and events are simulated, but behave as real ones do. */
export function createDemoEngine(options: DemoEngineOptions): DemoEngine {
	const {now, boxes, onEnd} = options;
	let refusal: EngineError | undefined;
	const check = () => {
		if (refusal !== undefined) {
			throw refusal;
		}
	};

	const wait = makeWait(options.pace, check);
	const containers = new DemoContainers(boxes, {now, onEnd});
	const references = new Set([...boxes.map(({spec}) => spec.image), ...options.images]);
	const images = createImageStore({references: [...references], now, check, wait});
	const timer = options.alive ? setInterval(() => containers.tick(), tickMs).unref() : undefined;
	const simulation: Simulation = {
		options,
		containers,
		images,
		check,
		wait,
		need(id) {
			check();
			return containers.need(id);
		},
	};
	const {has: _has, idOf: _idOf, ...imageCalls} = images;
	return {
		...imageCalls,
		...outputCalls(simulation),
		...containerCalls(simulation),
		...insideCalls(simulation),
		address: 'the demo engine',
		local: true,
		async info() {
			check();
			return infoFor(options.gpuCount);
		},
		async *events({signal, types}) {
			check();
			yield* containers.events(signal, types);
			check();
		},
		tick: () => containers.tick(),
		breakOff(error) {
			refusal = error;
			if (error !== undefined) {
				containers.breakEvents();
			}
		},
		...happenings(simulation),
		[Symbol.dispose]() {
			clearInterval(timer);
			containers.close();
		},
	};
}

function makeWait(pace: number, check: () => void): Simulation['wait'] {
	return async (milliseconds, signal) => {
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
}

function infoFor(gpuCount: number): EngineInfo {
	return {
		version: '29.1.3',
		architecture: 'x86_64',
		rootDirectory: '/var/lib/docker',
		cpus: 96,
		memoryBytes: 1024 ** 4,
		runtimes: ['io.containerd.runc.v2', 'nvidia', 'runc'],
		cdiDevices: Array.from({length: gpuCount}, (_, index) => `nvidia.com/gpu=${index}`),
		cdiSpecDirectories: ['/etc/cdi', '/var/run/cdi'],
		rootless: false,
		flavour: 'docker',
		registryMirrors: [],
	};
}

function containerCalls(simulation: Simulation) {
	const {containers, images, check, wait, need} = simulation;
	const refuseTaken = (name: string) => {
		if (containers.list().some((each) => each.spec.name === name)) {
			throw new EngineError('name-taken', `The container name "/${name}" is already in use`, {status: 409});
		}
	};

	return {
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
				.map((container) => rowOf(container, images.idOf(container.spec.image)));
		},

		async inspectContainer(id) {
			check();
			const container = containers.find(id);
			return container === undefined ? undefined : detailOf(container, images.idOf(container.spec.image));
		},

		async createContainer(spec) {
			check();
			refuseTaken(spec.name);
			if (!images.has(spec.image)) {
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
			if (container.spec.ports.some(({hostPort}) => runningAt(containers, hostPort) !== undefined)) {
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
				completeJob(simulation, container);
			}
		},

		async killContainer(id, killSignal) {
			const container = need(id);
			if (container.state !== 'running') {
				throw new EngineError('conflict', `Container ${container.id} is not running`, {status: 409});
			}

			containers.write(container, `Terminated by ${killSignal}`);
			containers.halt(container, 128 + (constants.signals[killSignal as NodeJS.Signals] ?? 0));
			completeJob(simulation, container);
		},

		async renameContainer(id, name) {
			const container = need(id);
			refuseTaken(name);
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
	} satisfies Partial<Engine>;
}

/** As the gpubox that follows a job does, a moment later: it keeps how the job ended and removes its container. */
function completeJob({options, containers}: Simulation, container: DemoContainer): void {
	const {labels} = container.spec;
	if (labels[label.kind] === 'run') {
		setTimeout(() => {
			options.onJobEnd?.(labels[label.name] ?? '', container.exitCode);
			containers.remove(container);
		}, 300 * options.pace).unref();
	}
}

function outputCalls({containers, need}: Simulation) {
	return {
		async waitContainer(id, signal) {
			const container = need(id);
			return container.state === 'running' ? containers.ended(container, signal) : container.exitCode;
		},

		async *logs(id, {follow = false, tail, since, until, timestamps = false, signal} = {}) {
			yield* containers.log(need(id), {follow, tail, since, until, timestamps}, signal);
		},

		async attach(id) {
			const closed = new AbortController();
			const output = containers.log(need(id), {follow: true, timestamps: false}, closed.signal);
			return {output, close: () => closed.abort()};
		},
	} satisfies Partial<Engine>;
}

/** What is asked of the inside of a container. */
function insideCalls({options, need}: Simulation) {
	return {
		async exec(id, spec) {
			const container = need(id);
			if (container.state !== 'running') {
				throw new EngineError('conflict', `container ${container.id} is not running`, {status: 409});
			}

			return startExec(spec, worldOf(container, options));
		},

		async changes(id) {
			need(id);
			return [];
		},

		async *stats(id, {signal, everyMs = 1000}) {
			const container = need(id);
			while (!signal.aborted && container.state === 'running') {
				yield measureAt(container, options.now());
				// Where nothing moves by itself there is no second one.
				const wait = options.alive ? everyMs : 2 ** 31 - 1;
				await sleep(wait, undefined, {signal, ref: options.alive}).catch(() => {});
			}
		},

		async top(id) {
			// Each of them was started by the engine; who looks at a demo box is not played.
			return need(id).pids.map((pid) => ({pid, parent: 0, title: ''}));
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
	} satisfies Partial<Engine>;
}

function runningAt(containers: DemoContainers, port: number): DemoContainer | undefined {
	return containers
		.list()
		.find((each) => each.state === 'running' && each.spec.ports.some(({hostPort}) => hostPort === port));
}

function worldOf({id, spec}: DemoContainer, {nvidiaSmi}: DemoEngineOptions): ShellWorld {
	return {
		user: spec.labels['gpubox.owner'] ?? 'user',
		hostname: spec.hostname ?? id.slice(0, 12),
		files: ['README.md', 'data', 'explore.ipynb', 'features.ipynb', 'out', 'train.py'],
		...(spec.gpus.length === 0 ? {} : {nvidiaSmi: async () => nvidiaSmi(spec.gpus)}),
	};
}

/** What the demo lets happen, and what a real engine has no call for. */
function happenings(simulation: Simulation) {
	const {
		options: {now},
		containers,
	} = simulation;
	const around = (pid: number) => containers.list().find(({pids}) => pids.includes(pid));
	return {
		atPort(port) {
			const container = runningAt(containers, port);
			const {spec, createdAt, startedAt = now()} = container ?? {};
			return spec === undefined || createdAt === undefined
				? undefined
				: {
						spec,
						runningMs: now().getTime() - startedAt.getTime(),
						again: startedAt.getTime() - createdAt.getTime() > startsWithinMs,
					};
		},
		loseCard(uuid) {
			for (const container of containers.list()) {
				if (container.state === 'running' && container.spec.gpus.includes(uuid)) {
					for (const line of cudaError) {
						containers.write(container, line);
					}

					container.story = quiet;
					containers.endProcesses(container);
				}
			}
		},
		labelsAround: (pid) => around(pid)?.spec.labels,
		endProcess(pid) {
			const container = around(pid);
			if (container === undefined) {
				return false;
			}

			containers.write(container, 'Terminated');
			containers.endProcesses(container, [pid]);
			if (container.pids.length === 0) {
				container.story = quiet;
			}

			return true;
		},
		endContainer(name, {exitCode, oomKilled}) {
			const container = containers.find(name);
			if (container?.state === 'running') {
				for (const line of oomKilled ? ['Killed'] : exitCode === 0 ? [] : lastWords) {
					containers.write(container, line);
				}

				containers.halt(container, exitCode, {oomKilled});
				completeJob(simulation, container);
			}
		},
		endProcesses(containerName) {
			const container = containers.find(containerName);
			if (container !== undefined) {
				containers.endProcesses(container);
			}
		},
	} satisfies Partial<DemoEngine>;
}
