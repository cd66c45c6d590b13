import assert from 'node:assert/strict';
import {existsSync, mkdtempSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {type TestContext, test} from 'node:test';
import {historyPath} from '../../../source/app/history/history-file.ts';
import {keepHistory} from '../../../source/app/history/keep-history.ts';
import {GpuHistory} from '../../../source/gpu/history/gpu-history.ts';
import {ProcessHistory} from '../../../source/gpu/history/process-history.ts';
import {frameOf, inventoryOf} from '../../_helpers/demo.ts';

function setUp(t: TestContext, readOnly = false) {
	const folder = mkdtempSync(join(tmpdir(), 'gpubox-history-'));
	t.after(() => rmSync(folder, {recursive: true, force: true}));
	const host = {paths: {state: join(folder, 'boxes')}, engine: {address: 'unix:///a', local: true}} as Parameters<
		typeof keepHistory
	>[0];
	const history = {gpus: new GpuHistory(), processes: new ProcessHistory()};
	const controller = new AbortController();
	const troubles: unknown[] = [];
	const keeping = keepHistory(host, history, controller.signal, (error) => troubles.push(error), readOnly);
	const end = async () => {
		controller.abort();
		await keeping;
	};
	return {folder, path: historyPath(host), history, troubles, end};
}

test('what was read of the GPUs is written at the end', async (t) => {
	const {path, history, end} = setUp(t);
	history.gpus.add(frameOf(inventoryOf(1), 1), Date.now());
	await end();
	assert.ok(statSync(path).size > 100);
});

test('a session that is read-only writes none', async (t) => {
	const {path, history, end} = setUp(t, true);
	history.gpus.add(frameOf(inventoryOf(1), 1), Date.now());
	await end();
	assert.equal(existsSync(dirname(path)), false);
});

test('without a reading no file is written', async (t) => {
	const {folder, path, end} = setUp(t);
	await end();
	assert.equal(existsSync(dirname(path)), false, folder);
});

test('a folder that cannot be written is told, and ends nothing', async (t) => {
	const {path, history, troubles, end} = setUp(t);
	writeFileSync(dirname(path), '');
	history.gpus.add(frameOf(inventoryOf(1), 1), Date.now());
	await end();
	assert.equal(troubles.length, 1);
});
