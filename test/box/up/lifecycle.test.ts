import assert from 'node:assert/strict';
import {mkdirSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {describe, type TestContext, test} from 'node:test';
import {Failure} from '../../../source/base/failure.ts';
import {processStart} from '../../../source/base/process/process-start.ts';
import {writeRecord} from '../../../source/box/record.ts';
import {hasVanished, startBox} from '../../../source/box/up/lifecycle.ts';
import {EngineError} from '../../../source/engine/engine.ts';
import {makeFrozenHost} from '../../_helpers/demo.ts';
import {makeBox} from '../../_helpers/make-box.ts';

for (const [what, refusal, vanished] of [
	['removed', new EngineError('not-found', 'No such container: 5f2c'), true],
	['being removed', new EngineError('failed', 'container is marked for removal and cannot be started'), true],
	['still there, its image not', new EngineError('not-found', 'No such image: sha256:5f2c'), false],
	['still there', new EngineError('failed', 'cannot start'), false],
] as const) {
	test(`a box that does not start because it is ${what}`, async () => {
		const host = await makeFrozenHost();
		const engine = {...host.engine, startContainer: () => Promise.reject(refusal)};
		const error: unknown = await startBox({...host, engine}, makeBox({mine: false})).catch((reason: unknown) => reason);
		assert.ok(error instanceof Error);
		assert.equal(hasVanished(error), vanished, error.message);
	});
}

describe('a box that another run replaces', () => {
	const setUp = async (t: TestContext) => {
		const state = mkdtempSync(join(tmpdir(), 'gpubox-lifecycle-'));
		t.after(() => rmSync(state, {recursive: true, force: true}));
		const host = await makeFrozenHost();
		const started: string[] = [];
		const engine = {
			...host.engine,
			listContainers: async () => [],
			async startContainer(id: string) {
				started.push(id);
			},
		};
		const box = makeBox({state: 'exited', gpus: ['GPU-1']});
		const folder = box.folder ?? assert.fail();
		mkdirSync(join(state, folder));
		const {ppid} = process;
		const replacedBy = {pid: ppid, startedAt: processStart(ppid) ?? ''};
		writeRecord({...host.paths, state}, folder, {engine: '', project: '', nonce: '', labels: {}, replacedBy});
		return {host: {...host, engine, paths: {...host.paths, state}}, box, started};
	};

	test('is not started beside its replacement', async (t) => {
		const {host, box, started} = await setUp(t);
		await assert.rejects(startBox(host, {...box, gpus: []}), /is being recreated by another gpubox/);
		await assert.rejects(startBox(host, box, undefined, undefined, true), /is being recreated by another gpubox/);
		assert.deepEqual(started, []);
	});

	test('and has gone since is not told to be held by its replacement', async (t) => {
		const {host, box, started} = await setUp(t);
		rmSync(join(host.paths.state, box.folder ?? ''), {recursive: true});
		const error: unknown = await startBox(host, box, undefined, undefined, true).catch((reason: unknown) => reason);
		assert.ok(error instanceof Failure);
		assert.match(error.message, /was removed by another command/);
		assert.ok(hasVanished(error));
		assert.deepEqual(started, []);
	});
});
