import assert from 'node:assert/strict';
import {mkdirSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {test} from 'node:test';
import {hasEnded, thisProcess} from '../../../source/base/process/process-start.ts';
import {readRecord, writeRecord} from '../../../source/box/record.ts';
import {finishReplacements} from '../../../source/box/up/replace.ts';
import {type Engine, EngineError} from '../../../source/engine/engine.ts';
import type {Host} from '../../../source/host/host.ts';
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
