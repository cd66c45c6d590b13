import assert from 'node:assert/strict';
import {mkdtempSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {after, describe, test} from 'node:test';
import fc from 'fast-check';
import type {Box} from '../../../source/box/box.ts';
import {abandonedAfter, decideClaim, isOver} from '../../../source/box/gpus/claims.ts';
import type {Prepared} from '../../../source/box/plan/types.ts';
import {
	type Contender,
	contend,
	contendRestart,
	contendStart,
	inRandomOrder,
	play,
	SlowEngine,
	withMadeUpTime,
} from '../../_helpers/contenders.ts';
import {inventoryOf} from '../../_helpers/demo.ts';
import {makeBox} from '../../_helpers/make-box.ts';

// In memory: each of hundreds of runs writes its files through to the disk.
const root = mkdtempSync(join('/dev/shm', 'gpubox-claims-'));
after(() => rmSync(root, {recursive: true, force: true}));

let rounds = 0;

/** Runs one round: each has a folder of its own, so that none reads through what all before it left. */
function round<T>(work: () => Promise<T>): Promise<T> {
	rounds += 1;
	return withMadeUpTime(work);
}

/** Each is a person with a project. */
const contender = (who: number, gpus: number, gpuSelection: Prepared['gpuSelection']): Contender => ({
	folder: join(root, String(rounds)),
	owner: `user${who}`,
	project: `/projects/${who}`,
	gpus,
	gpuSelection,
});

describe('several who claim GPUs at the same moment, their calls to the engine in any order', () => {
	test('as many win as there are GPUs, each alone on its own; nothing is left of the others', async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.nat(),
				fc.integer({min: 1, max: 3}),
				fc.integer({min: 2, max: 6}),
				async (seed, gpus, contenders) =>
					round(async () => {
						const engine = new SlowEngine();
						const runs = Array.from({length: contenders}, (_, who) =>
							contend(engine, who, contender(who, gpus, {kind: 'auto'})),
						);
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
					round(async () => {
						const engine = new SlowEngine();
						const runs = wishes.map((wish, who) =>
							contend(engine, who, contender(who, 4, {kind: 'exact', names: wish.map(String)})),
						);
						const outcomes = await play(engine, runs, inRandomOrder(seed));
						assert.ok(outcomes.includes('won'));
						assert.ok([...engine.containers.values()].every(({state}) => state === 'running'));
					}),
			),
			{numRuns: 60, includeErrorInReport: true},
		);
	});

	test('those who are killed on the way keep nobody from a card for good', async () => {
		let refused = 0;
		await fc.assert(
			fc.asyncProperty(fc.nat(), fc.integer({min: 1, max: 3}), async (seed, deaths) =>
				round(async () => {
					const gpus = 2;
					const engine = new SlowEngine();
					const runs = Array.from({length: 5}, (_, who) => contend(engine, who, contender(who, gpus, {kind: 'auto'})));
					const outcomes = await play(engine, runs, inRandomOrder(seed, deaths));
					const running = [...engine.containers.values()].filter(({state}) => state === 'running').length;
					if (outcomes.includes('refused')) {
						refused += 1;
						assert.equal(running, gpus, 'refused, although a card was free');
					}
				}),
			),
			{numRuns: 60, includeErrorInReport: true},
		);
		assert.ok(refused > 0, 'nobody was ever refused, so nothing was tried');
	});
});

describe('stopped boxes that start at the same moment on the same cards, beside others that are made', () => {
	/** A stopped box of each, all of the first card, some of a second. */
	const makeStopped = (engine: SlowEngine, count: number) =>
		Array.from({length: count}, (_, who) => {
			const id = `stopped${who}`;
			engine.containers.set(id, {
				id,
				name: `gpubox-stopped${who}`,
				image: 'image:1',
				imageId: 'sha256:0',
				state: 'exited',
				createdAt: new Date(Date.now()),
				labels: {
					'gpubox.name': `stopped${who}`,
					'gpubox.gpus': inventoryOf(2)
						.gpus.slice(0, 1 + (who % 2))
						.map(({uuid}) => uuid)
						.join(),
				},
				ports: [],
				gpus: inventoryOf(2)
					.gpus.slice(0, 1 + (who % 2))
					.map(({uuid}) => uuid),
				mounts: [],
			});
			return id;
		});

	test('never two of them run on one, and somebody gets ahead', async () => {
		let refused = 0;
		await fc.assert(
			fc.asyncProperty(
				fc.nat(),
				fc.integer({min: 1, max: 4}),
				fc.integer({min: 0, max: 2}),
				fc.integer({min: 0, max: 2}),
				async (seed, starts, ups, deaths) =>
					round(async () => {
						const engine = new SlowEngine();
						const runs = [
							...makeStopped(engine, starts).map((id, who) =>
								contendStart(engine, who, contender(who, 2, {kind: 'auto'}), id),
							),
							...Array.from({length: ups}, (_, index) =>
								contend(engine, starts + index, contender(starts + index, 2, {kind: 'exact', names: ['0']})),
							),
						];
						const outcomes = await play(engine, runs, inRandomOrder(seed, deaths));
						refused += outcomes.filter((outcome) => outcome === 'refused').length;
						if (deaths === 0) {
							assert.ok(outcomes.includes('won'));
							const left = [...engine.containers.values()].filter(({name}) => name.startsWith('gpubox-START-'));
							assert.deepEqual(left, []);
						}
					}),
			),
			{numRuns: 600, includeErrorInReport: true},
		);
		assert.ok(refused > 0, 'nobody ever met anybody');
	});
});

describe('a box that restarts beside others that want its cards', () => {
	test('has them again, whoever asks between stop and start', async () => {
		let refused = 0;
		await fc.assert(
			fc.asyncProperty(
				fc.nat(),
				fc.integer({min: 1, max: 2}),
				fc.integer({min: 1, max: 2}),
				async (seed, ups, starts) =>
					round(async () => {
						const engine = new SlowEngine();
						const add = (id: string, state: 'running' | 'exited') => {
							const cards = inventoryOf(1).gpus.map(({uuid}) => uuid);
							engine.containers.set(id, {
								id,
								name: `gpubox-${id}`,
								image: 'image:1',
								imageId: 'sha256:0',
								state,
								createdAt: new Date(Date.now()),
								labels: {'gpubox.name': id, 'gpubox.gpus': cards.join()},
								ports: [],
								gpus: cards,
								mounts: [],
							});
						};
						add('restarted', 'running');
						const others = Array.from({length: starts}, (_, index) => `other${index}`);
						others.forEach((id) => {
							add(id, 'exited');
						});
						const runs = [
							contendRestart(engine, 0, contender(0, 1, {kind: 'auto'}), 'restarted'),
							...others.map((id, index) =>
								contendStart(engine, 1 + index, contender(1 + index, 1, {kind: 'auto'}), id),
							),
							...Array.from({length: ups}, (_, index) => {
								const who = 1 + starts + index;
								return contend(engine, who, contender(who, 1, {kind: 'exact', names: ['0']}));
							}),
						];
						const outcomes = await play(engine, runs, inRandomOrder(seed));
						assert.equal(outcomes[0], 'won');
						assert.equal(engine.containers.get('restarted')?.state, 'running');
						refused += outcomes.filter((outcome) => outcome === 'refused').length;
						const left = [...engine.containers.values()].filter(({name}) => name.startsWith('gpubox-START-'));
						assert.deepEqual(left, []);
					}),
			),
			{numRuns: 300, includeErrorInReport: true},
		);
		assert.ok(refused > 0, 'nobody ever met anybody');
	});
});

describe('what a look at the others leads to', () => {
	const now = new Date('2026-01-01T00:01:00Z');
	const secondsAgo = (seconds: number) => new Date(now.getTime() - seconds * 1000);
	const box = (values: Partial<Box>): Box =>
		makeBox({name: values.id ?? '', state: 'created', gpus: ['GPU-1'], createdAt: secondsAgo(1), ...values});
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

	test('the claim of a restart outlives its stop, and no more', () => {
		const running = box({id: 'r', state: 'running'});
		const claim = box({id: 'a', startOf: 'r'});
		const atRestart = {...claim, restart: true as const};
		assert.deepEqual([isOver(claim, [running], now), isOver(atRestart, [running], now)], [true, false]);
		const old = {...atRestart, createdAt: secondsAgo(40)};
		assert.deepEqual(
			[isOver(old, [running], now), isOver({...old, createdAt: secondsAgo(46)}, [], now)],
			[false, true],
		);
		assert.equal(decide(old).kind, 'withdraw');
	});

	test('only two that both agreed to share have one card', () => {
		const sharing = box({id: 'a', shareGpus: true, state: 'running'});
		assert.equal(decide(sharing).kind, 'withdraw');
		const both = box({id: 'b', shareGpus: true});
		assert.equal(decideClaim(both, [both, sharing], now).kind, 'start');
	});
});
