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
import type {Load, Seed} from './seed-boxes.ts';

export type Line = {stream: 'stdout' | 'stderr'; text: string; at: Date};

/** A container of the demo engine. */
export type DemoContainer = {
	id: string;
	spec: ContainerSpec;
	state: ContainerState;
	createdAt: Date;
	startedAt?: Date;
	exitCode: number;
	/** It was ended at its memory limit. */
	oomKilled: boolean;
	pids: number[];
	log: Line[];
	/** Lines of its sample log written so far. */
	told: number;
	story: Story;
	use: Load;
};

/** A box that is new: what computes in it is yet to come. */
const newUse: Load = {cpuPercent: 3, memoryMiB: 420};

const longestLog = 2000;

/** The containers of the demo engine, what they write, and the events of both. */
export class DemoContainers {
	readonly #all = new Map<string, DemoContainer>();
	// Every stream of events and every followed log listens here: more than Node's warning limit is no leak.
	readonly #news = new EventEmitter().setMaxListeners(0);
	readonly #now: () => Date;
	readonly #onEnd: (pids: number[]) => void;
	#nextPid = 50_000;
	#ticks = 0;

	constructor(seeds: readonly Seed[], {now, onEnd}: {now: () => Date; onEnd: (pids: number[]) => void}) {
		this.#now = now;
		this.#onEnd = onEnd;
		for (const seed of seeds) {
			this.#addSeed(seed);
		}
	}

	list(): DemoContainer[] {
		return [...this.#all.values()];
	}

	/** By id, by name or by the start of an id. */
	find(id: string): DemoContainer | undefined {
		return (
			this.#all.get(id) ??
			this.list().find((each) => each.spec.name === id || (id.length >= 6 && each.id.startsWith(id)))
		);
	}

	/** @throws EngineError (not-found) */
	need(id: string): DemoContainer {
		const container = this.find(id);
		if (container === undefined) {
			throw new EngineError('not-found', `No such container: ${id}`, {status: 404});
		}

		return container;
	}

	add(spec: ContainerSpec, createdAt = this.#now(), story: Story = quiet): DemoContainer {
		const id = createHash('sha256').update(`${spec.name} ${createdAt.toISOString()}`).digest('hex');
		const container: DemoContainer = {
			id,
			spec,
			state: 'created',
			createdAt,
			exitCode: 0,
			oomKilled: false,
			pids: [],
			log: [],
			told: 0,
			story,
			use: newUse,
		};
		this.#all.set(id, container);
		return container;
	}

	#addSeed(seed: Seed): void {
		const container = this.add(seed.spec, new Date(this.#now().getTime() - seed.age * 3_600_000), seed.story);
		container.state = seed.running ? 'running' : 'exited';
		container.pids = seed.pids;
		container.use = seed.use;
		if (seed.running) {
			container.startedAt = container.createdAt;
		}

		const {story, lines, endedHoursAgo} = seed.past;
		const end = this.#now().getTime() - endedHoursAgo * 3_600_000;
		for (; container.told < lines; container.told += 1) {
			const at = new Date(end - (lines - container.told) * 1000);
			const text = story(container.told, at);
			if (text !== undefined) {
				this.write(container, text, 'stderr', at);
			}
		}
	}

	/** Sends an event of the engine. */
	tell(container: DemoContainer, action: string): void {
		const event: EngineEvent = {
			type: 'container',
			action,
			attributes: {...container.spec.labels, name: container.spec.name, image: container.spec.image},
		};
		this.#news.emit('event', event);
	}

	write(container: DemoContainer, text: string, stream: Line['stream'] = 'stderr', at = this.#now()): void {
		container.log.push({stream, text, at});
		container.log.splice(0, container.log.length - longestLog);
		this.#news.emit(`log ${container.id}`, {stream, text, at} satisfies Line);
	}

	/** Lets every running box write on, each with every other call: real boxes do not keep step either. */
	tick(): void {
		this.#ticks += 1;
		for (const [place, container] of this.list().entries()) {
			if (container.state === 'running' && (this.#ticks + place) % 2 === 0) {
				const text = container.story(container.told, this.#now());
				container.told += 1;
				if (text !== undefined) {
					this.write(container, text);
				}
			}
		}
	}

	run(container: DemoContainer): void {
		container.state = 'running';
		container.startedAt = this.#now();
		container.exitCode = 0;
		container.oomKilled = false;
		this.#nextPid += 1;
		container.pids = [this.#nextPid];
		this.tell(container, 'start');
		const jupyter = container.spec.ports.find((port) => port.containerPort === 8888);
		if (jupyter !== undefined) {
			// What computed in it before does not come back on its own: a server does, that waits for a user.
			container.story = quiet;
			for (const line of jupyterStart(this.#now(), jupyter.hostPort)) {
				this.write(container, line);
			}
		}
	}

	halt(container: DemoContainer, exitCode: number, {oomKilled = false} = {}): void {
		container.state = 'exited';
		container.exitCode = exitCode;
		container.oomKilled = oomKilled;
		this.endProcesses(container);
		this.tell(container, 'die');
		this.#news.emit(`end ${container.id}`, exitCode);
	}

	/** All of them, unless it is told which. What computed writes and uses no more. */
	endProcesses(container: DemoContainer, pids = container.pids): void {
		this.#onEnd(pids);
		container.pids = container.pids.filter((pid) => !pids.includes(pid));
		if (container.pids.length === 0) {
			container.use = newUse;
		}
	}

	remove(container: DemoContainer): void {
		this.#all.delete(container.id);
		this.tell(container, 'destroy');
		this.#news.emit(`end ${container.id}`, container.exitCode);
	}

	/** The code with which it ends. */
	async ended(container: DemoContainer, signal?: AbortSignal): Promise<number> {
		for await (const [code] of on(this.#news, `end ${container.id}`, signal === undefined ? {} : {signal})) {
			return Number(code);
		}

		return container.exitCode;
	}

	async *log(
		container: DemoContainer,
		options: {
			follow: boolean;
			tail?: number | undefined;
			since?: Date | undefined;
			until?: Date | undefined;
			timestamps: boolean;
		},
		signal?: AbortSignal,
	): AsyncGenerator<LogChunk> {
		const {follow, tail, since, until, timestamps} = options;
		const chunk = ({stream, text, at}: Line): LogChunk => ({
			stream,
			data: Buffer.from(`${timestamps ? `${at.toISOString()} ` : ''}${text}\n`),
		});
		// Listens before it reads the past, so that no line falls between the two.
		const live =
			follow && container.state === 'running'
				? on(this.#news, `log ${container.id}`, {
						close: [`end ${container.id}`],
						...(signal === undefined ? {} : {signal}),
					})
				: undefined;
		// As the engine does: of the last lines, those within the time.
		const past = tail === undefined ? container.log : container.log.slice(Math.max(0, container.log.length - tail));
		for (const line of past) {
			if ((since === undefined || line.at >= since) && (until === undefined || line.at <= until)) {
				yield chunk(line);
			}
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
	}

	async *events(signal: AbortSignal, types: ReadonlyArray<EngineEvent['type']> | undefined) {
		try {
			for await (const [event] of on(this.#news, 'event', {signal, close: ['broken']})) {
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
	}

	/** Ends every stream of events, as when the engine goes away. */
	breakEvents(): void {
		this.#news.emit('broken');
	}

	close(): void {
		this.#news.removeAllListeners();
	}
}

/** As the engine lists it. */
export function rowOf(container: DemoContainer, imageId: string): Container {
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
		hostPaths: spec.mounts.flatMap(({type, source}) => (type === 'bind' && source ? [source] : [])),
	};
}

/** As the engine returns it from inspect. */
export function detailOf(container: DemoContainer, imageId: string): ContainerDetail {
	const {spec, exitCode, oomKilled, startedAt} = container;
	return {
		...rowOf(container, imageId),
		exitCode,
		oomKilled,
		restartCount: 0,
		...(startedAt === undefined ? {} : {startedAt}),
		mounts: spec.mounts,
		spec,
	};
}
