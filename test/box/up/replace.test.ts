import assert from 'node:assert/strict';
import {mkdirSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, describe, test} from 'node:test';
import type {Failure} from '../../../source/base/failure.ts';
import {hasEnded, processStart, type RecordedProcess, thisProcess} from '../../../source/base/process/process-start.ts';
import {findBox, listClaims} from '../../../source/box/list.ts';
import {readRecord, writeRecord} from '../../../source/box/record.ts';
import {finishReplacements, setAside} from '../../../source/box/up/replace.ts';
import {type Engine, EngineError} from '../../../source/engine/engine.ts';
import type {Host} from '../../../source/host/host.ts';
import {aliceIn, contend, hostOf, inRandomOrder, play, SlowEngine, withMadeUpTime} from '../../_helpers/contenders.ts';
import {makeBox} from '../../_helpers/make-box.ts';

/** A process that has ended: nobody has this number and this beginning. */
const ended = {...thisProcess(), startedAt: '1'};

for (const [what, refusal, again] of [
	['gets its name back', undefined, false],
	['waits while another run creates the new box, whose name is taken before it is seen', 'name-taken', true],
] as const) {
	test(`a box that a killed up --recreate set aside ${what}`, async (t) => {
		const state = mkdtempSync(join(tmpdir(), 'gpubox-replace-'));
		t.after(() => rmSync(state, {recursive: true, force: true}));
		const paths = {state} as Host['paths'];
		const box = makeBox({replaced: true, state: 'exited'});
		const folder = box.folder ?? '';
		mkdirSync(join(state, folder));
		assert.ok(hasEnded(ended));
		writeRecord(paths, folder, {engine: '', project: '', nonce: '', labels: {}, replacedBy: ended});
		const names: string[] = [];
		const engine = {
			async renameContainer(_id: string, name: string) {
				names.push(name);
				if (refusal !== undefined) {
					throw new EngineError(refusal, 'Conflict');
				}
			},
		} as unknown as Engine;
		await finishReplacements({engine, paths} as Host, [box]);
		assert.deepEqual(names, ['gpubox-alice-train']);
		// As long as it is recorded, the next call tries again.
		assert.equal(readRecord(paths, folder)?.replacedBy !== undefined, again);
	});
}

test('another refusal to give a box its name back is told', async (t) => {
	const state = mkdtempSync(join(tmpdir(), 'gpubox-replace-'));
	t.after(() => rmSync(state, {recursive: true, force: true}));
	const engine = {
		renameContainer: () => Promise.reject(new EngineError('unreachable', 'the connection was lost')),
	} as unknown as Engine;
	const host = {engine, paths: {state}} as Host;
	await assert.rejects(finishReplacements(host, [makeBox({replaced: true, state: 'exited'})]), /connection was lost/);
});

describe('a box that is set aside', () => {
	const root = mkdtempSync(join('/dev/shm', 'gpubox-aside-'));
	after(() => rmSync(root, {recursive: true, force: true}));

	/** A running box of alice, who is on the host with it. */
	const setUp = async (folder: string) => {
		const engine = new SlowEngine();
		const alice = aliceIn(join(root, folder));
		const made = contend(engine, 0, alice);
		assert.deepEqual(await play(engine, [made], inRandomOrder(1)), ['won']);
		const host = (who: number) => ({...hostOf(engine.door(who), alice), demo: true}) as Host;
		const {box} = await made;
		return {engine, host, box};
	};

	/** The same box, already aside; `note` records who did it. */
	const setUpAside = async (name: string) => {
		const {engine, host, box} = await setUp(name);
		for (const container of engine.containers.values()) {
			container.name = 'gpubox-REPLACED-alice-train';
		}

		const {paths} = host(1);
		const folder = box.folder ?? '';
		const record = readRecord(paths, folder) ?? assert.fail('no record');
		const note = (replacedBy: RecordedProcess) => writeRecord(paths, folder, {...record, replacedBy});
		return {engine, host, box, note};
	};

	test('by two at the same moment is set aside by one of them', async () => {
		for (let order = 0; order < 60; order++) {
			await withMadeUpTime(async () => {
				const {engine, host, box} = await setUp(`both-${order}`);
				const outcomes = await play(engine, [setAside(host(1), box), setAside(host(2), box)], inRandomOrder(order));
				assert.deepEqual(outcomes.sort(), ['refused', 'won'], `order ${order}`);
				assert.deepEqual(
					[...engine.containers.values()].map(({name, state}) => [name, state]),
					[['gpubox-REPLACED-alice-train', 'exited']],
				);
			});
		}
	});

	test('by one that was killed meanwhile is set aside again, with its token', async () => {
		await withMadeUpTime(async () => {
			const {engine, host, box, note} = await setUpAside('killed');
			note(ended);
			const again = setAside(host(1), box);
			assert.deepEqual(await play(engine, [again], inRandomOrder(1)), ['won']);
			assert.equal((await again).id, box.id);
			assert.equal(readRecord(host(1).paths, box.folder ?? '')?.replacedBy?.pid, process.pid);
			const listing = listClaims(host(2));
			await play(engine, [listing], inRandomOrder(1));
			assert.deepEqual(
				(await listing).map(({id, replaced}) => [id, replaced]),
				[[box.id, true]],
			);
		});
	});

	test('is not told as one that does not exist', async () => {
		await withMadeUpTime(async () => {
			const {engine, host, note} = await setUpAside('found');
			const find = async (replacedBy: RecordedProcess) => {
				note(replacedBy);
				const finding = findBox(
					{...host(1), engine: {...host(1).engine, inspectContainer: async () => undefined}},
					'train',
				);
				const [result] = await Promise.all([
					Promise.allSettled([finding]),
					play(engine, [finding.catch(() => {})], inRandomOrder(1)),
				]);
				return result[0]?.status === 'rejected' ? (result[0].reason as Failure) : assert.fail();
			};
			const {ppid} = process;
			const other = await find({pid: ppid, startedAt: processStart(ppid) ?? ''});
			assert.deepEqual([other.message, other.exitCode], ['alice-train is being recreated by another gpubox.', 7]);
			assert.equal((await find(ended)).exitCode, 6);
		});
	});
});
