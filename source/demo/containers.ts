import {createHash} from 'node:crypto';
import {EventEmitter, on} from 'node:events';
import {
	type Container,
	type ContainerDetail,
	type ContainerSpec,
	type ContainerState,
	EngineError,
	type EngineEvent,
	type LogChunk,
} from '../engine/engine.ts';
import {jupyterStart, quiet, type Story} from './sample-logs.ts';
import type {Seed} from './seed-boxes.ts';

export type Line = {stream: 'stdout' | 'stderr'; text: string; at: Date};

/** A container of the made-up engine. */
export type Inhabitant = {
	id: string;
	spec: ContainerSpec;
	state: ContainerState;
	createdAt: Date;
	startedAt?: Date;
	exitCode: number;
	pids: number[];
	log: Line[];
	/** Lines of its story told so far. */
	told: number;
	story: Story;
};

const longestLog = 2000;

/** The containers of the made-up engine: what they are, what they write, and the news of both. */
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: older than the limit
export function createInhabitants(
	seeds: readonly Seed[],
	{now, onEnd}: {now: () => Date; onEnd: (pids: number[]) => void},
) {
	const all = new Map<string, Inhabitant>();
	// Every stream of events and every followed log listens here: more than Node's warning limit is no leak.
	const news = new EventEmitter().setMaxListeners(0);
	let nextPid = 50_000;
	let ticks = 0;

	const tell = (container: Inhabitant, action: string) => {
		const event: EngineEvent = {
			type: 'container',
			action,
			attributes: {...container.spec.labels, name: container.spec.name, image: container.spec.image},
		};
		news.emit('event', event);
	};

	const write = (container: Inhabitant, text: string, stream: Line['stream'] = 'stderr', at = now()) => {
		container.log.push({stream, text, at});
		container.log.splice(0, container.log.length - longestLog);
		news.emit(`log ${container.id}`, {stream, text, at} satisfies Line);
	};

	const goOn = (container: Inhabitant) => {
		const text = container.story(container.told, now());
		container.told += 1;
		if (text !== undefined) {
			write(container, text);
		}
	};

	const add = (spec: ContainerSpec, createdAt = now(), story: Story = quiet): Inhabitant => {
		const id = createHash('sha256').update(`${spec.name} ${createdAt.toISOString()}`).digest('hex');
		const container: Inhabitant = {
			id,
			spec,
			state: 'created',
			createdAt,
			exitCode: 0,
			pids: [],
			log: [],
			told: 0,
			story,
		};
		all.set(id, container);
		return container;
	};

	for (const seed of seeds) {
		const container = add(seed.spec, new Date(now().getTime() - seed.age * 3_600_000), seed.story);
		container.state = seed.running ? 'running' : 'exited';
		container.pids = seed.pids;
		if (seed.running) {
			container.startedAt = container.createdAt;
		}

		const {story, lines, endedHoursAgo} = seed.past;
		const end = now().getTime() - endedHoursAgo * 3_600_000;
		for (; container.told < lines; container.told += 1) {
			const at = new Date(end - (lines - container.told) * 1000);
			const text = story(container.told, at);
			if (text !== undefined) {
				write(container, text, 'stderr', at);
			}
		}
	}

	const need = (id: string): Inhabitant => {
		const container = find(id);
		if (container === undefined) {
			throw new EngineError('not-found', `No such container: ${id}`, {status: 404});
		}

		return container;
	};

	const find = (id: string): Inhabitant | undefined =>
		all.get(id) ??
		[...all.values()].find((each) => each.spec.name === id || (id.length >= 6 && each.id.startsWith(id)));

	return {
		find,
		need,
		add,
		tell,
		write,
		list: () => [...all.values()],

		/** Lets every running box go on with its story, each with every other call: real boxes do not keep step either. */
		tick() {
			ticks += 1;
			for (const [place, container] of [...all.values()].entries()) {
				if (container.state === 'running' && (ticks + place) % 2 === 0) {
					goOn(container);
				}
			}
		},

		run(container: Inhabitant) {
			container.state = 'running';
			container.startedAt = now();
			container.exitCode = 0;
			nextPid += 1;
			container.pids = [nextPid];
			tell(container, 'start');
			const jupyter = container.spec.ports.find((port) => port.containerPort === 8888);
			if (jupyter !== undefined) {
				// What computed in it before does not come back by itself: a server does, that waits for somebody.
				container.story = quiet;
				for (const line of jupyterStart(now(), jupyter.hostPort)) {
					write(container, line);
				}
			}
		},

		halt(container: Inhabitant, exitCode: number) {
			container.state = 'exited';
			container.exitCode = exitCode;
			onEnd(container.pids);
			container.pids = [];
			tell(container, 'die');
			news.emit(`end ${container.id}`, exitCode);
		},

		remove(container: Inhabitant) {
			all.delete(container.id);
			tell(container, 'destroy');
			news.emit(`end ${container.id}`, container.exitCode);
		},

		/** The code with which it ends. */
		async ended(container: Inhabitant, signal?: AbortSignal): Promise<number> {
			for await (const [code] of on(news, `end ${container.id}`, signal === undefined ? {} : {signal})) {
				return Number(code);
			}

			return container.exitCode;
		},

		/** Calls back with every line from now on, until it ends. */
		forward(container: Inhabitant, take: (line: Line) => void, end: () => void) {
			news.on(`log ${container.id}`, take);
			news.once(`end ${container.id}`, () => {
				news.off(`log ${container.id}`, take);
				end();
			});
		},

		async *log(
			container: Inhabitant,
			options: {follow: boolean; tail?: number | undefined; since?: Date | undefined; timestamps: boolean},
			signal?: AbortSignal,
		): AsyncGenerator<LogChunk> {
			const {follow, tail, since, timestamps} = options;
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

		async *events(signal: AbortSignal, types: ReadonlyArray<EngineEvent['type']> | undefined) {
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
		},

		/** Ends every stream of events, as when the engine goes away. */
		breakEvents: () => news.emit('broken'),

		close: () => news.removeAllListeners(),
	};
}

/** As the engine lists it. */
export function rowOf(container: Inhabitant, imageId: string): Container {
	const {id, spec, state, createdAt} = container;
	return {
		id,
		name: spec.name,
		image: spec.image,
		imageId,
		state,
		createdAt,
		labels: spec.labels,
		ports: spec.ports.map((port) => ({
			containerPort: port.containerPort,
			hostAddress: port.hostAddress,
			...(state === 'running' ? {hostPort: port.hostPort} : {}),
		})),
	};
}

/** As the engine tells it when asked for it alone. */
export function detailOf(container: Inhabitant, imageId: string): ContainerDetail {
	const {spec, exitCode, startedAt} = container;
	return {
		...rowOf(container, imageId),
		exitCode,
		oomKilled: false,
		...(startedAt === undefined ? {} : {startedAt}),
		mounts: spec.mounts,
	};
}
