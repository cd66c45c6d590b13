import assert from 'node:assert/strict';
import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {mock} from 'node:test';
import {Failure} from '../../source/base/failure.ts';
import type {ServiceName} from '../../source/box/box.ts';
import type {Personal} from '../../source/box/files/write-files.ts';
import {GpusTaken} from '../../source/box/gpus/allocate.ts';
import {claimForRestart, startClaimed} from '../../source/box/gpus/claim-start.ts';
import {listClaims} from '../../source/box/list.ts';
import type {Prepared} from '../../source/box/plan/types.ts';
import {type ClaimedBox, claimAndStart} from '../../source/box/up/create.ts';
import {
	type Container,
	type ContainerDetail,
	type ContainerSpec,
	type Engine,
	EngineError,
	type Mount,
} from '../../source/engine/engine.ts';
import type {Host} from '../../source/host/host.ts';
import {inventoryOf} from './demo.ts';
import {randomFrom} from './seed.ts';

// Rivals in one process, whose calls to the engine happen in any order that a test wants.

/** The engine refuses a mount of what is not there, when a container is made as well as when it starts. */
function needSources(mounts: Mount[]): void {
	const missing = mounts.find(({source = ''}) => !source.startsWith('/projects/') && !existsSync(source));
	if (missing) {
		throw new EngineError('failed', `bind source path does not exist: ${missing.source}`);
	}
}

let engines = 0;

/** Of one that was killed no call happens any more, and what the engine still does for it is answered to nobody. */
type Caller = {killed: boolean};

/** Every call to it waits until the test lets it happen, then happens at once, as the engine's locks see to. */
export class SlowEngine {
	readonly containers = new Map<string, Container & {gpus: string[]; mounts: Mount[]}>();
	readonly waiting: Array<{caller: Caller; happen: () => void}> = [];
	/** What containers were made of, also those that are gone. */
	readonly specs: ContainerSpec[] = [];
	/** Says why a container does not start. */
	refuseStart: (spec: ContainerSpec) => EngineError | undefined = () => undefined;
	/** Who has a door now, by number. One that was killed stays dead when its number is given to another. */
	readonly callers = new Map<number, Caller>();
	#made = 0;
	/** An id never comes back, not on another engine either. */
	readonly #number = engines++;

	/** Names of containers that are being created: they are taken, and nobody sees who has them. */
	readonly #reserved = new Set<string>();

	/** The door of one contender. */
	door(who: number): Engine {
		const self: Caller = {killed: false};
		this.callers.set(who, self);
		const at = <T>(work: () => T | Promise<T>, caller = self) =>
			new Promise<T>((resolve, reject) => {
				this.waiting.push({
					caller,
					happen() {
						let answer: () => void;
						try {
							const result = work();
							answer = () => resolve(result);
						} catch (error) {
							answer = () => reject(error);
						}

						if (!self.killed) {
							answer();
						}
					},
				});
			});
		const known = (id: string) => {
			const container = this.containers.get(id);
			if (!container) {
				throw new EngineError('not-found', 'No such container');
			}

			return container;
		};

		const needFree = (wanted: string) => {
			if (this.#reserved.has(wanted) || [...this.containers.values()].some(({name}) => name === wanted)) {
				throw new EngineError('name-taken', 'Conflict');
			}
		};

		const engine: Partial<Engine> = {
			local: true,
			address: 'unix:///made-up',
			listContainers: () => at(() => [...this.containers.values()].map((container) => ({...container}))),
			inspectContainer: (named: string) =>
				at(() => {
					const found = [...this.containers.values()].find(({id, name}) => id === named || name === named);
					return found && ({...found} as unknown as ContainerDetail);
				}),
			createContainer: (spec: ContainerSpec) =>
				at(() => {
					needFree(spec.name);
					needSources(spec.mounts);
					this.specs.push(spec);
					this.#reserved.add(spec.name);
					// Whoever asked for it may be killed meanwhile.
					return at(() => {
						// Not in the order of creation: of two that were made in the same second any can come first.
						const id = `${(this.#made * 7) % 10}${String(this.#made).padStart(11, '0')}-${this.#number}`;
						this.#made += 1;
						this.#reserved.delete(spec.name);
						this.containers.set(id, {
							id,
							name: spec.name,
							image: spec.image,
							imageId: 'sha256:0',
							state: 'created',
							// The engine lists whole seconds.
							createdAt: new Date(Math.floor(Date.now() / 1000) * 1000),
							labels: spec.labels,
							ports: [],
							gpus: spec.gpus,
							mounts: spec.mounts,
						});
						return id;
					}, itself);
				}),
			startContainer: (id: string) =>
				at(() => {
					needSources(known(id).mounts);
					const spec = this.specs.findLast(({name}) => name === known(id).name);
					const refusal = spec && this.refuseStart(spec);
					if (refusal) {
						throw refusal;
					}

					known(id).state = 'running';
				}),
			renameContainer: (id: string, name: string) =>
				at(() => {
					needFree(name);
					known(id).name = name;
				}),
			stopContainer: (id: string) =>
				at(() => {
					known(id).state = 'exited';
				}),
			removeContainer: (id: string, {force = false} = {}) =>
				at(() => {
					if (known(id).state === 'running' && !force) {
						throw new EngineError('conflict', 'You cannot remove a running container');
					}

					this.containers.delete(id);
				}),
		};
		return engine as Engine;
	}

	overlapping(): string[] {
		const running = [...this.containers.values()].filter(({state}) => state === 'running');
		const uuids = running.flatMap(({gpus}) => gpus);
		return uuids.filter((uuid, index) => uuids.indexOf(uuid) !== index);
	}
}

/** The engine, which goes on whoever is killed. */
const itself: Caller = {killed: false};

export type Outcome = 'won' | 'refused' | undefined;

export type Contender = {
	/** For what gpubox keeps of this person. */
	folder: string;
	owner: string;
	/** Who runs the tests when missing. */
	uid?: number;
	project: string;
	projectName?: string;
	services?: ServiceName[];
	/** How many the host has. */
	gpus: number;
	gpuSelection: Prepared['gpuSelection'];
	personal?: Omit<Personal, 'runAs'>;
	/** In memory; beside the others when missing. */
	secrets?: string;
};

/** Alice, who wants a notebook on the only GPU. @param folder for what gpubox keeps of her */
export function aliceIn(folder: string): Contender {
	return {
		folder,
		owner: 'alice',
		project: '/projects/train',
		projectName: 'train',
		services: ['jupyter'],
		gpus: 1,
		gpuSelection: {kind: 'auto'},
	};
}

export function hostOf(engine: Engine, {folder, owner, uid = process.getuid?.() ?? 0, secrets}: Contender): Host {
	const at = (name: string) => join(folder, name);
	return {
		engine,
		person: {name: owner, uid, gid: process.getgid?.() ?? 0},
		paths: {
			config: at('config'),
			state: at('state'),
			home: at('home'),
			cache: at('cache'),
			ssh: at('ssh'),
			secrets: secrets ?? at('secrets'),
		},
		demo: true,
	} as unknown as Host;
}

export function contend(engine: SlowEngine, who: number, contender: Contender): Promise<ClaimedBox> {
	const {project, projectName, services = [], gpus, gpuSelection, personal} = contender;
	const host = hostOf(engine.door(who), contender);
	const secrets = [...(personal?.secrets?.keys() ?? [])].map((name) => ({name, variable: false}));
	const prepared = {
		request: {
			project,
			...(projectName === undefined ? {} : {projectName}),
			services,
			gpus: '',
			shareGpus: false,
			bind: '127.0.0.1',
			mounts: [],
			environment: {},
			...(secrets.length > 0 ? {secrets} : {}),
		},
		gpuSelection,
		engine: {cpus: 8, memoryBytes: 2 ** 36, flavour: 'docker', rootless: false},
		hostGpus: {inventory: inventoryOf(gpus), processes: [], memoryUsedMiB: new Map()},
		runAs: host.person,
		...personal,
		image: 'image:1',
		startImage: 'image:1',
		imageLabels: [],
	} as unknown as Prepared;
	return claimAndStart(host, prepared, new AbortController().signal);
}

/** Starts a stopped box that is there, as `gpubox start` does. */
export async function contendStart(engine: SlowEngine, who: number, contender: Contender, id: string): Promise<void> {
	const host = hostOf(engine.door(who), contender);
	const find = async () => {
		const box = (await listClaims(host)).find((each) => each.id === id);
		assert.ok(box);
		return box;
	};
	const box = await find();
	await startClaimed(host, box, {
		async look() {
			const others = (await listClaims(host)).filter((each) => each.id !== id && each.state === 'running');
			if (others.some(({gpus}) => gpus.some((uuid) => box.gpus.includes(uuid)))) {
				throw new GpusTaken('taken', {fix: '', holders: []});
			}
		},
		start: () => host.engine.startContainer(id),
	});
}

/** Restarts a running box that is there, as `gpubox restart` does. */
export async function contendRestart(engine: SlowEngine, who: number, contender: Contender, id: string): Promise<void> {
	const host = hostOf(engine.door(who), contender);
	const box = (await listClaims(host)).find((each) => each.id === id);
	assert.ok(box);
	const release = await claimForRestart(host, box);
	assert.ok(release, 'nobody else starts this box');
	await host.engine.stopContainer(id);
	await host.engine.startContainer(id);
	await release();
}

/** Plays until everyone who lives has an outcome; `choices` says whose call happens next, and who dies when. */
export async function play(
	engine: SlowEngine,
	runs: Array<Promise<unknown>>,
	choices: {next: (most: number) => number; dies: () => boolean},
	/** Called after every call to the engine. */
	check: () => void = () => {},
): Promise<Outcome[]> {
	const outcomes: Outcome[] = runs.map(() => undefined);
	for (const [who, run] of runs.entries()) {
		run.then(
			() => {
				outcomes[who] = 'won';
			},
			(error: unknown) => {
				assert.ok(error instanceof Failure && error.exitCode === 7, String(error));
				outcomes[who] = 'refused';
			},
		);
	}

	const lives = (who: number) => engine.callers.get(who)?.killed !== true;
	for (let step = 0; outcomes.some((outcome, who) => outcome === undefined && lives(who)); step++) {
		assert.ok(step < 20_000, 'nobody gets ahead any more');
		const ready = engine.waiting.filter(({caller}) => !caller.killed);
		const call = ready[choices.next(ready.length)];
		if (call) {
			engine.waiting.splice(engine.waiting.indexOf(call), 1);
			const dies = call.caller !== itself && choices.dies();
			// Before it has the answer, or before its next call: files that it writes in between are not there, or are.
			const atOnce = dies && choices.next(2) === 0;
			call.caller.killed ||= atOnce;
			call.happen();
			call.caller.killed ||= dies;
		}

		check();
		assert.deepEqual(engine.overlapping(), [], 'two running boxes with one GPU');
		// Those who pause go on some time.
		mock.timers.tick(call ? 7 : 50);
		await new Promise((resolve) => setImmediate(resolve));
	}

	return outcomes;
}

/** The same seed gives the same order again. */
export function inRandomOrder(seed: number, deaths = 0) {
	const random = randomFrom(seed);
	let left = deaths;
	return {
		next: random,
		dies: () => left > 0 && random(12) === 0 && left-- > 0,
	};
}

export async function withMadeUpTime<T>(work: () => Promise<T>): Promise<T> {
	mock.timers.enable({apis: ['setTimeout', 'Date'], now: Date.UTC(2026, 0, 1)});
	try {
		return await work();
	} finally {
		mock.timers.reset();
	}
}
