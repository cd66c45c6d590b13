import {createHash} from 'node:crypto';
import {EventEmitter, on} from 'node:events';
import {PassThrough} from 'node:stream';
import {setTimeout as sleep} from 'node:timers/promises';
import {
	type Container,
	type ContainerDetail,
	type ContainerSpec,
	type ContainerState,
	type Engine,
	EngineError,
	type EngineEvent,
	type EngineInfo,
	type ExecSession,
	type ExecSpec,
	type Image,
	type LogChunk,
} from '../engine/engine.ts';
import {answer, PretendShell, type ShellWorld} from './shell.ts';
import {buildLines, jupyterStart, notebook, type Story} from './story.ts';
import {canBePulled, imageNamed, type Seed, seedImages} from './world.ts';

export type DemoEngineOptions = {
	boxes: Seed[];
	/** Number of GPUs, for what the engine says of itself. */
	gpuCount: number;
	/** 1 takes about as long as a real one, 0 no time at all. */
	pace: number;
	/** Whether logs go on by themselves. */
	alive: boolean;
	now: () => Date;
	nvidiaSmi: () => Promise<string>;
};

export type DemoEngine = Engine &
	Disposable & {
		/** Lets every running box write one line. */
		tick(): void;
		/** From now on every call is refused with this, and streams of events break; undefined mends it. */
		breakOff(error: EngineError | undefined): void;
		/** The running container that publishes a port of the host, with how long it has been running. */
		atPort(port: number): {spec: ContainerSpec; runningMs: number} | undefined;
	};

type Line = {stream: 'stdout' | 'stderr'; text: string; at: Date};

type Inhabitant = {
	id: string;
	spec: ContainerSpec;
	state: ContainerState;
	createdAt: Date;
	startedAt?: Date;
	finishedAt?: Date;
	exitCode: number;
	pids: number[];
	log: Line[];
	written: number;
	story: Story;
};

const longestLog = 2000;

/** An engine that lives in this process: its containers, images and events are made up, but behave as real ones do. */
export function createDemoEngine(options: DemoEngineOptions): DemoEngine {
	const {pace, now} = options;
	const containers = new Map<string, Inhabitant>();
	const images = new Map<string, Image>();
	// Every stream of events and every followed log listens here: more than Node's warning limit is no leak.
	const news = new EventEmitter().setMaxListeners(0);
	let refusal: EngineError | undefined;
	let nextPid = 50_000;

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

	const check = () => {
		if (refusal !== undefined) {
			throw refusal;
		}
	};

	const find = (id: string): Inhabitant | undefined =>
		containers.get(id) ??
		[...containers.values()].find((each) => each.spec.name === id || (id.length >= 6 && each.id.startsWith(id)));

	const need = (id: string): Inhabitant => {
		check();
		const container = find(id);
		if (container === undefined) {
			throw new EngineError('not-found', `No such container: ${id}`, {status: 404});
		}

		return container;
	};

	const tell = (container: Inhabitant, action: string) => {
		const event: EngineEvent = {
			type: 'container',
			action,
			id: container.id,
			attributes: {...container.spec.labels, name: container.spec.name, image: container.spec.image},
			time: now(),
		};
		news.emit('event', event);
	};

	const write = (container: Inhabitant, text: string, stream: Line['stream'] = 'stderr', at = now()) => {
		container.log.push({stream, text, at});
		container.log.splice(0, container.log.length - longestLog);
		news.emit(`log ${container.id}`, {stream, text, at} satisfies Line);
	};

	const run = (container: Inhabitant) => {
		container.state = 'running';
		container.startedAt = now();
		container.exitCode = 0;
		nextPid += 1;
		container.pids = [nextPid];
		tell(container, 'start');
		const jupyter = container.spec.ports.find((port) => port.containerPort === 8888);
		if (jupyter !== undefined) {
			for (const line of jupyterStart(now(), jupyter.hostPort)) {
				write(container, line);
			}
		}
	};

	const halt = (container: Inhabitant, exitCode: number) => {
		container.state = 'exited';
		container.finishedAt = now();
		container.exitCode = exitCode;
		container.pids = [];
		tell(container, 'die');
		news.emit(`end ${container.id}`, exitCode);
	};

	const add = (spec: ContainerSpec, createdAt: Date, story: Story): Inhabitant => {
		const id = createHash('sha256').update(`${spec.name} ${createdAt.toISOString()}`).digest('hex');
		const container: Inhabitant = {
			id,
			spec,
			state: 'created',
			createdAt,
			exitCode: 0,
			pids: [],
			log: [],
			written: 0,
			story,
		};
		containers.set(id, container);
		return container;
	};

	const addImage = (reference: string): Image => {
		const id = `sha256:${createHash('sha256').update(reference).digest('hex')}`;
		const image = imageNamed(reference, id, now());
		images.set(reference, image);
		return image;
	};

	for (const seed of options.boxes) {
		const container = add(seed.spec, new Date(now().getTime() - seed.age * 3_600_000), seed.story);
		container.state = seed.running ? 'running' : 'exited';
		container.pids = seed.pids;
		if (seed.running) {
			container.startedAt = container.createdAt;
		}

		for (let line = 0; line < seed.lines; line += 1) {
			const at = new Date(now().getTime() - (seed.lines - line) * 1000);
			write(container, seed.story(line, at), 'stderr', at);
		}

		container.written = seed.lines;
	}

	for (const reference of seedImages) {
		addImage(reference);
	}

	const tick = () => {
		for (const [place, container] of [...containers.values()].entries()) {
			// Not all at once: real boxes do not keep step either.
			if (container.state === 'running' && (container.written + place) % 2 === 0) {
				write(container, container.story(container.written, now()));
			}

			container.written += 1;
		}
	};

	const timer = options.alive ? setInterval(tick, 700).unref() : undefined;

	const worldOf = (container: Inhabitant): ShellWorld => ({
		user: container.spec.labels['gpubox.owner'] ?? 'user',
		hostname: container.spec.hostname ?? container.id.slice(0, 12),
		files: ['README.md', 'data', 'explore.ipynb', 'features.ipynb', 'out', 'train.py'],
		nvidiaSmi: options.nvidiaSmi,
	});

	const rowOf = (container: Inhabitant): Container => ({
		id: container.id,
		name: container.spec.name,
		image: container.spec.image,
		imageId: images.get(container.spec.image)?.id ?? '',
		state: container.state,
		status:
			container.state === 'running'
				? 'Up'
				: container.state === 'created'
					? 'Created'
					: `Exited (${container.exitCode})`,
		createdAt: container.createdAt,
		labels: container.spec.labels,
		ports: container.spec.ports.map((port) => ({
			containerPort: port.containerPort,
			hostAddress: port.hostAddress,
			...(container.state === 'running' ? {hostPort: port.hostPort} : {}),
		})),
	});

	return {
		address: 'a made-up engine',
		local: true,

		async info(): Promise<EngineInfo> {
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
			return [...containers.values()]
				.filter(({spec}) =>
					labels.every((wanted) => {
						const [key = '', value] = wanted.split(/=(.*)/s);
						return value === undefined ? spec.labels[key] !== undefined : spec.labels[key] === value;
					}),
				)
				.map(rowOf);
		},

		async inspectContainer(id): Promise<ContainerDetail | undefined> {
			check();
			const container = find(id);
			return container === undefined
				? undefined
				: {
						...rowOf(container),
						exitCode: container.exitCode,
						error: '',
						oomKilled: false,
						...(container.startedAt === undefined ? {} : {startedAt: container.startedAt}),
						...(container.finishedAt === undefined ? {} : {finishedAt: container.finishedAt}),
						pid: container.pids[0] ?? 0,
						user: container.spec.user ?? '',
						workingDirectory: container.spec.workingDirectory ?? '/',
						environment: container.spec.environment,
						mounts: container.spec.mounts,
						tty: container.spec.tty ?? false,
					};
		},

		async createContainer(spec) {
			check();
			if ([...containers.values()].some((each) => each.spec.name === spec.name)) {
				throw new EngineError('name-taken', `The container name "/${spec.name}" is already in use`, {status: 409});
			}

			if (!images.has(spec.image)) {
				throw new EngineError('not-found', `No such image: ${spec.image}`, {status: 404});
			}

			const container = add(spec, now(), notebook);
			tell(container, 'create');
			return container.id;
		},

		async startContainer(id) {
			const container = need(id);
			if (container.state === 'running') {
				return;
			}

			await wait(250);
			const ports = container.spec.ports.map((port) => port.hostPort);
			const rival = [...containers.values()].find(
				(each) => each.state === 'running' && each.spec.ports.some((port) => ports.includes(port.hostPort)),
			);
			if (rival !== undefined) {
				throw new EngineError('port-taken', 'Bind for 127.0.0.1 failed: port is already allocated', {status: 500});
			}

			run(container);
		},

		async stopContainer(id) {
			const container = need(id);
			if (container.state === 'running') {
				await wait(900);
				write(container, 'Terminated by signal 15');
				halt(container, 143);
				tell(container, 'stop');
			}
		},

		async killContainer(id) {
			const container = need(id);
			if (container.state !== 'running') {
				throw new EngineError('conflict', `Container ${id} is not running`, {status: 409});
			}

			halt(container, 137);
		},

		async removeContainer(id, {force = false} = {}) {
			const container = need(id);
			if (container.state === 'running') {
				if (!force) {
					throw new EngineError('conflict', 'cannot remove a running container', {status: 409});
				}

				halt(container, 137);
			}

			await wait(150);
			containers.delete(container.id);
			tell(container, 'destroy');
			news.emit(`end ${container.id}`, container.exitCode);
		},

		async waitContainer(id, signal) {
			const container = need(id);
			if (container.state !== 'running') {
				return container.exitCode;
			}

			for await (const [code] of on(news, `end ${container.id}`, signal === undefined ? {} : {signal})) {
				return Number(code);
			}

			return container.exitCode;
		},

		async *logs(id, {follow = false, tail, since, timestamps = false, signal} = {}): AsyncGenerator<LogChunk> {
			const container = need(id);
			const chunk = ({stream, text, at}: Line): LogChunk => ({
				stream,
				data: Buffer.from(`${timestamps ? `${at.toISOString()} ` : ''}${text}\n`),
			});
			// Listens before it tells the past, so that no line falls between the two.
			const live =
				follow && container.state === 'running'
					? on(news, `log ${container.id}`, {
							close: [`end ${container.id}`],
							...(signal === undefined ? {} : {signal}),
						})
					: undefined;
			const past = container.log.filter(({at}) => since === undefined || at >= since);
			for (const line of tail === undefined ? past : past.slice(Math.max(0, past.length - tail))) {
				yield chunk(line);
			}

			if (live === undefined) {
				return;
			}

			try {
				for await (const [line] of live) {
					yield chunk(line as Line);
				}
			} catch (error) {
				if (!signal?.aborted) {
					throw error;
				}
			}
		},

		async attach(id) {
			const container = need(id);
			const stream = new PassThrough();
			const forward = ({text}: Line) => stream.write(`${text}\n`);
			news.on(`log ${container.id}`, forward);
			news.once(`end ${container.id}`, () => {
				news.off(`log ${container.id}`, forward);
				stream.end();
			});
			return stream;
		},

		async resizeContainer(id) {
			need(id);
		},

		async exec(id, spec): Promise<ExecSession> {
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

		async inspectImage(reference) {
			check();
			return images.get(reference) ?? [...images.values()].find((image) => image.id === reference);
		},

		async listImages() {
			check();
			return [...images.values()];
		},

		async pullImage(reference, {onProgress, signal} = {}) {
			check();
			if (!canBePulled(reference)) {
				throw new EngineError('not-found', `manifest for ${reference} not found: manifest unknown`, {status: 404});
			}

			const layers = [180, 2400, 1300, 35, 0.4].map((size, place) => ({
				layer: createHash('sha256').update(`${reference} ${place}`).digest('hex').slice(0, 12),
				totalBytes: Math.round(size * 1_000_000),
			}));
			for (const {layer} of layers) {
				onProgress?.({layer, status: 'Pulling fs layer'});
			}

			for (let part = 1; part <= 20; part += 1) {
				await wait(250, signal);
				for (const {layer, totalBytes} of layers) {
					onProgress?.({layer, status: 'Downloading', currentBytes: Math.round((totalBytes * part) / 20), totalBytes});
				}
			}

			for (const {layer} of layers) {
				await wait(200, signal);
				onProgress?.({layer, status: 'Pull complete'});
			}

			addImage(reference);
		},

		async buildImage({tag, onLine, signal}) {
			check();
			for (const line of buildLines) {
				await wait(350, signal);
				onLine?.(line);
			}

			return addImage(tag).id;
		},

		async tagImage(id, reference) {
			check();
			const image = [...images.values()].find((each) => each.id === id || each.tags.includes(id));
			if (image === undefined) {
				throw new EngineError('not-found', `No such image: ${id}`, {status: 404});
			}

			image.tags.push(reference);
			images.set(reference, image);
		},

		async removeImage(reference) {
			check();
			if (!images.delete(reference)) {
				throw new EngineError('not-found', `No such image: ${reference}`, {status: 404});
			}
		},

		async *events({signal, types}) {
			check();
			try {
				for await (const [event] of on(news, 'event', {signal, close: ['broken']})) {
					const happened = event as EngineEvent;
					if (types === undefined || types.includes(happened.type)) {
						yield happened;
					}
				}
			} catch (error) {
				if (!signal.aborted) {
					throw error;
				}
			}

			check();
		},

		tick,
		breakOff(error) {
			refusal = error;
			if (error !== undefined) {
				news.emit('broken');
			}
		},
		atPort(port) {
			const container = [...containers.values()].find(
				(each) => each.state === 'running' && each.spec.ports.some(({hostPort}) => hostPort === port),
			);
			return container === undefined
				? undefined
				: {spec: container.spec, runningMs: now().getTime() - (container.startedAt ?? now()).getTime()};
		},
		[Symbol.dispose]() {
			clearInterval(timer);
			news.removeAllListeners();
		},
	};
}

function startExec(spec: ExecSpec, world: ShellWorld): ExecSession {
	const wantsShell = spec.command.length === 0 || /(^|\/)(ba)?sh$/.test(spec.command[0] ?? '');
	if (spec.tty && wantsShell) {
		const shell = new PretendShell(world);
		return {stream: shell, resize: async () => {}, wait: async () => shell.ended};
	}

	const stream = new PassThrough();
	const [command = '', ...rest] = spec.command;
	const done = answer(command, rest, world).then(({output, exitCode}) => {
		stream.end(spec.tty ? output.replace(/\n/g, '\r\n') : frame(output));
		return {exitCode, detached: false};
	});
	return {stream, resize: async () => {}, wait: async () => done};
}

/** Without a terminal the engine sends stdout in frames: kind, three zeros, length, content. */
function frame(output: string): Buffer {
	const content = Buffer.from(output);
	const head = Buffer.alloc(8);
	head[0] = 1;
	head.writeUInt32BE(content.length, 4);
	return Buffer.concat([head, content]);
}
