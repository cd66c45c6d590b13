import assert from 'node:assert/strict';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, describe, mock, test} from 'node:test';
import fc from 'fast-check';
import type {Box} from '../../source/box/box.ts';
import {claimAndStart} from '../../source/box/claim-and-start.ts';
import {abandonedAfter, decideClaim} from '../../source/box/claims.ts';
import type {Prepared} from '../../source/box/prepare.ts';
import {type Container, type ContainerSpec, type Engine, EngineError} from '../../source/engine/engine.ts';
import {Failure} from '../../source/failure.ts';
import type {Host} from '../../source/host/host.ts';
import {inventoryOf} from '../_helpers/demo.ts';

const root = mkdtempSync(join(tmpdir(), 'gpubox-claims-'));
after(() => rmSync(root, {recursive: true, force: true}));

/** Every call to it waits until the test lets it happen, then happens at once, as the engine's locks see to. */
class SlowEngine {
	readonly containers = new Map<string, Container & {gpus: string[]}>();
	readonly waiting: Array<{who: number; happen: () => void}> = [];
	/** Contenders that were killed: what they wait for never happens. */
	readonly dead = new Set<number>();
	#made = 0;

	/** The door of one contender. */
	door(who: number): Engine {
		const at = <T>(work: () => T) =>
			new Promise<T>((resolve, reject) => {
				this.waiting.push({
					who,
					happen() {
						try {
							resolve(work());
						} catch (error) {
							reject(error);
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

		const engine: Partial<Engine> = {
			local: true,
			address: 'unix:///made-up',
			listContainers: () => at(() => [...this.containers.values()].map((container) => ({...container}))),
			createContainer: (spec: ContainerSpec) =>
				at(() => {
					if ([...this.containers.values()].some(({name}) => name === spec.name)) {
						throw new EngineError('name-taken', 'Conflict');
					}

					// Not in the order of creation: of two that were made in the same second any can come first.
					const id = `${(this.#made * 7) % 10}${String(this.#made).padStart(11, '0')}`;
					this.#made += 1;
					this.containers.set(id, {
						id,
						name: spec.name,
						image: spec.image,
						imageId: 'sha256:0',
						state: 'created',
						status: '',
						// The engine lists whole seconds.
						createdAt: new Date(Math.floor(Date.now() / 1000) * 1000),
						labels: spec.labels,
						ports: [],
						gpus: spec.gpus,
					});
					return id;
				}),
			startContainer: (id: string) =>
				at(() => {
					known(id).state = 'running';
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

type Outcome = 'won' | 'refused' | undefined;

function contend(engine: SlowEngine, who: number, gpus: number, gpuRequest: Prepared['gpuRequest']) {
	const host = {
		engine: engine.door(who),
		person: {name: `user${who}`, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0},
		paths: {
			config: join(root, 'config'),
			state: join(root, 'state'),
			home: join(root, 'home'),
			cache: join(root, 'cache'),
			ssh: join(root, 'ssh'),
			secrets: join(root, 'secrets'),
		},
		demo: true,
	} as unknown as Host;
	const prepared = {
		request: {
			project: `/projects/${who}`,
			services: [],
			gpus: '',
			shareGpus: false,
			bind: '127.0.0.1',
			mounts: [],
			environment: {},
		},
		gpuRequest,
		engine: {cpus: 8, memoryBytes: 2 ** 36, flavour: 'docker', rootless: false},
		gpus: {inventory: inventoryOf(gpus), processes: [], memoryUsedMiB: new Map()},
		runAs: host.person,
		image: 'image:1',
		startImage: 'image:1',
	} as unknown as Prepared;
	return claimAndStart(host, prepared, new AbortController().signal);
}

/** Plays until everyone who lives has an outcome; `choices` says whose call happens next, and who dies when. */
async function play(
	engine: SlowEngine,
	runs: Array<Promise<unknown>>,
	choices: {next: (most: number) => number; dies: () => boolean},
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

	const alive = (who: number) => !engine.dead.has(who);
	for (let step = 0; outcomes.some((outcome, who) => outcome === undefined && alive(who)); step++) {
		assert.ok(step < 20_000, 'nobody gets ahead any more');
		const ready = engine.waiting.filter(({who}) => alive(who));
		const call = ready[choices.next(ready.length)];
		if (call) {
			engine.waiting.splice(engine.waiting.indexOf(call), 1);
			call.happen();
			if (choices.dies()) {
				engine.dead.add(call.who);
			}
		}

		assert.deepEqual(engine.overlapping(), [], 'two running boxes with one GPU');
		// Those who pause go on some time.
		mock.timers.tick(call ? 7 : 50);
		await new Promise((resolve) => setImmediate(resolve));
	}

	return outcomes;
}

/** mulberry32: the same seed gives the same order again. */
function inRandomOrder(seed: number, deaths = 0) {
	let state = seed;
	const random = (most: number) => {
		state = (state + 0x6d_2b_79_f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * most);
	};
	let left = deaths;
	return {
		next: random,
		dies: () => left > 0 && random(12) === 0 && left-- > 0,
	};
}

async function withMadeUpTime<T>(work: () => Promise<T>): Promise<T> {
	mock.timers.enable({apis: ['setTimeout', 'Date'], now: Date.UTC(2026, 0, 1)});
	try {
		return await work();
	} finally {
		mock.timers.reset();
	}
}

describe('several who claim GPUs at the same moment, their calls to the engine in any order', () => {
	test('as many win as there are GPUs, each alone on its own; nothing is left of the others', async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.nat(),
				fc.integer({min: 1, max: 3}),
				fc.integer({min: 2, max: 6}),
				async (seed, gpus, contenders) =>
					withMadeUpTime(async () => {
						const engine = new SlowEngine();
						const runs = Array.from({length: contenders}, (_, who) => contend(engine, who, gpus, {kind: 'auto'}));
						const outcomes = await play(engine, runs, inRandomOrder(seed));
						const expected = Math.min(gpus, contenders);
						assert.equal(outcomes.filter((outcome) => outcome === 'won').length, expected);
						assert.deepEqual(
							[...engine.containers.values()].map(({state}) => state),
							Array.from({length: expected}, () => 'running'),
						);
					}),
			),
			{numRuns: 60, includeErrorInReport: true},
		);
	});

	test('of those who want the very same cards, partly overlapping, never two have one, and somebody wins', async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.nat(),
				fc.array(fc.uniqueArray(fc.nat({max: 3}), {minLength: 1, maxLength: 3}), {minLength: 2, maxLength: 5}),
				async (seed, wishes) =>
					withMadeUpTime(async () => {
						const engine = new SlowEngine();
						const runs = wishes.map((wish, who) => contend(engine, who, 4, {kind: 'exact', names: wish.map(String)}));
						const outcomes = await play(engine, runs, inRandomOrder(seed));
						assert.ok(outcomes.includes('won'));
						assert.ok([...engine.containers.values()].every(({state}) => state === 'running'));
					}),
			),
			{numRuns: 60, includeErrorInReport: true},
		);
	});

	test('those who are killed on the way keep nobody from a card for good', async () => {
		await fc.assert(
			fc.asyncProperty(fc.nat(), fc.integer({min: 1, max: 3}), async (seed, deaths) =>
				withMadeUpTime(async () => {
					const gpus = 2;
					const engine = new SlowEngine();
					const runs = Array.from({length: 5}, (_, who) => contend(engine, who, gpus, {kind: 'auto'}));
					const outcomes = await play(engine, runs, inRandomOrder(seed, deaths));
					const running = [...engine.containers.values()].filter(({state}) => state === 'running').length;
					if (outcomes.includes('refused')) {
						assert.equal(running, gpus, 'refused, although a card was free');
					}
				}),
			),
			{numRuns: 60, includeErrorInReport: true},
		);
	});
});

describe('what a look at the others leads to', () => {
	const now = new Date('2026-01-01T00:01:00Z');
	const secondsAgo = (seconds: number) => new Date(now.getTime() - seconds * 1000);
	const box = (values: Partial<Box>): Box => ({
		name: values.id ?? '',
		id: '',
		owner: 'alice',
		user: 'alice',
		project: '/work',
		state: 'created',
		services: [],
		addresses: {},
		gpus: ['GPU-1'],
		shareGpus: false,
		keepsLimits: false,
		sudo: false,
		secrets: [],
		image: '',
		imageId: '',
		createdAt: secondsAgo(1),
		spec: '',
		version: '',
		...values,
	});
	const mine = box({id: 'b'});
	const decide = (...others: Box[]) => decideClaim(mine, [mine, ...others], now);

	test('alone, or beside boxes with other cards or none: start', () => {
		assert.deepEqual(decide(), {kind: 'start'});
		assert.deepEqual(decide(box({id: 'a', gpus: ['GPU-2']}), box({id: 'c', gpus: [], state: 'running'})), {
			kind: 'start',
		});
		assert.deepEqual(decide(box({id: 'a', state: 'exited'})), {kind: 'start'});
	});

	test('one that runs has won, however late it came', () => {
		const rival = box({id: 'c', state: 'running', createdAt: now});
		assert.deepEqual(decide(rival), {kind: 'withdraw', rivals: [rival]});
	});

	test('of two that were only created the earlier goes first, in the same second the smaller id', () => {
		const earlier = box({id: 'z', createdAt: secondsAgo(2)});
		const sameSecond = box({id: 'a'});
		const later = box({id: 'c'});
		assert.deepEqual(decide(earlier), {kind: 'withdraw', rivals: [earlier]});
		assert.deepEqual(decide(sameSecond), {kind: 'withdraw', rivals: [sameSecond]});
		assert.deepEqual(decide(later), {kind: 'remove', rivals: [later]});
	});

	test("what a crash left behind is in nobody's way", () => {
		const left = box({id: 'a', createdAt: secondsAgo(abandonedAfter / 1000 + 1)});
		assert.deepEqual(decide(left), {kind: 'remove', rivals: [left]});
	});

	test('only two that both agreed to share have one card', () => {
		const sharing = box({id: 'a', shareGpus: true, state: 'running'});
		assert.equal(decide(sharing).kind, 'withdraw');
		const both = box({id: 'b', shareGpus: true});
		assert.equal(decideClaim(both, [both, sharing], now).kind, 'start');
	});
});
