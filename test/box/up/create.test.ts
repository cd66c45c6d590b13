import assert from 'node:assert/strict';
import {mkdtempSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {after, describe, test} from 'node:test';
import {EngineError} from '../../../source/engine/engine.ts';
import {aliceIn, contend, inRandomOrder, play, SlowEngine, withMadeUpTime} from '../../_helpers/contenders.ts';

const root = mkdtempSync(join('/dev/shm', 'gpubox-outcomes-'));
after(() => rmSync(root, {recursive: true, force: true}));

describe('an attempt that the engine refuses is made again without what was refused', () => {
	let runs = 0;
	const alice = () => aliceIn(join(root, String(runs++)));

	/** @returns what containers were made of, in the order of the attempts */
	const attempts = async (engine: SlowEngine) => {
		await withMadeUpTime(async () => {
			const outcomes = await play(engine, [contend(engine, 0, alice())], inRandomOrder(1));
			assert.deepEqual(outcomes, ['won']);
		});
		return engine.specs;
	};

	test('raised limits', async () => {
		const engine = new SlowEngine();
		engine.refuseStart = ({ulimits}) =>
			ulimits && new EngineError('failed', 'error setting rlimit type 8: operation not permitted');
		const [first, second, ...more] = await attempts(engine);
		assert.deepEqual([first?.ulimits !== undefined, second?.ulimits, more], [true, undefined, []]);
	});

	test('raised limits, also in a box that another run for the same project created', async () => {
		for (let order = 0; order < 40; order++) {
			const engine = new SlowEngine();
			engine.refuseStart = ({ulimits}) =>
				ulimits && new EngineError('failed', 'error setting rlimit type 8: operation not permitted');
			const same = alice();
			await withMadeUpTime(async () => {
				const runs = [contend(engine, 0, same), contend(engine, 1, same)];
				assert.deepEqual(await play(engine, runs, inRandomOrder(order)), ['won', 'won'], `order ${order}`);
			});
			assert.deepEqual(
				[...engine.containers.values()].map(({state}) => state),
				['running'],
			);
		}
	});

	test('a port, and each that was refused before it', async () => {
		const engine = new SlowEngine();
		const refused: number[] = [];
		const portOf = ({ports}: {ports: Array<{hostPort: number}>}) => ports[0]?.hostPort ?? 0;
		engine.refuseStart = (spec) => {
			if (refused.length === 2) {
				return undefined;
			}

			refused.push(portOf(spec));
			return new EngineError('port-taken', 'address already in use');
		};
		const ports = (await attempts(engine)).map(portOf);
		assert.equal(new Set(ports).size, 3, String(ports));
		assert.deepEqual(ports.slice(0, 2), refused);
	});

	test('a name that a container has which is no box', async () => {
		const engine = new SlowEngine();
		engine.containers.set('other', {
			id: 'other',
			name: 'gpubox-alice-train',
			image: 'image:1',
			imageId: 'sha256:0',
			state: 'running',
			createdAt: new Date(0),
			labels: {},
			ports: [],
			gpus: [],
			mounts: [],
		});
		const names = (await attempts(engine)).map(({name}) => name);
		assert.match(names.join(), /^gpubox-alice-train-\w+$/);
	});

	test('a name that another run for the same project has, whose container nobody sees yet', async () => {
		for (let order = 0; order < 60; order++) {
			const engine = new SlowEngine();
			const same = {...alice(), gpuSelection: {kind: 'none'} as const};
			await withMadeUpTime(async () => {
				const runs = [contend(engine, 0, same), contend(engine, 1, same), contend(engine, 2, same)];
				assert.deepEqual(await play(engine, runs, inRandomOrder(order)), ['won', 'won', 'won'], `order ${order}`);
			});
			assert.deepEqual(
				[...engine.containers.values()].map(({name, state}) => [name, state]),
				[['gpubox-alice-train', 'running']],
				`order ${order}`,
			);
		}
	});
});

test('what was started without a look for rivals is removed when it cannot be seen', async () => {
	const engine = new SlowEngine();
	const doorOf = engine.door.bind(engine);
	const lists: string[] = [];
	engine.door = (who) => {
		const door = doorOf(who);
		return {
			...door,
			listContainers: async (what) => {
				const found = await door.listContainers(what);
				lists.push(found.map(({state}) => state).join());
				if (lists.length === 2) {
					throw new EngineError('unreachable', 'connection refused');
				}

				return found;
			},
		};
	};
	const contender = {...aliceIn(join(root, 'unseen')), gpuSelection: {kind: 'none'} as const};
	let outcome: unknown;
	contend(engine, 0, contender).then(
		() => {
			outcome = 'won';
		},
		(error: unknown) => {
			outcome = error;
		},
	);
	while (outcome === undefined) {
		engine.waiting.shift()?.happen();
		await new Promise((resolve) => setImmediate(resolve));
	}

	assert.ok(outcome instanceof EngineError, String(outcome));
	assert.deepEqual(engine.specs.length, 1);
	assert.deepEqual([...engine.containers.values()], []);
});
