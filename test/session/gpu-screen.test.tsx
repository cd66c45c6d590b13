import assert from 'node:assert/strict';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {type TestContext, test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {saveHistory, takeInHistory} from '../../source/app/history/history-file.ts';
import {GpuHistory} from '../../source/gpu/history/gpu-history.ts';
import {ProcessHistory} from '../../source/gpu/history/process-history.ts';
import {withFacts} from '../../source/session/state/store.ts';
import {frozenAt} from '../_helpers/demo.ts';
import {rememberMinutes, showSession} from '../_helpers/session.tsx';
import {assertScreen} from '../_helpers/snapshot.ts';

// Times of the past are shown on the clock of the machine.
process.env.TZ = 'UTC';

const folder = fileURLToPath(new URL('snapshots', import.meta.url));

/** The screen of a GPU of which the last five minutes are known. */
async function showGpu(
	t: TestContext,
	size: {columns: number; rows: number},
	options: Parameters<typeof showSession>[2] & {keys?: string} = {},
) {
	const {scenario = 'workstation-8x-h100', keys = ''} = options;
	const shown = await showSession(t, size, options);
	rememberMinutes(shown.session, scenario);
	await shown.waitFor(/hopper|lovelace|desk/);
	shown.session.store.changeNow((state) => ({...state, view: {...state.view, focus: 'gpus'}}));
	for (const key of `${keys}\r`) {
		shown.type(key);
	}

	return shown;
}

for (const size of [
	{columns: 60, rows: 20},
	{columns: 80, rows: 24},
	{columns: 120, rows: 40},
	{columns: 200, rows: 60},
]) {
	const name = `${size.columns}x${size.rows}`;
	test(`the screen of a GPU at ${name}`, async (t) => {
		const shown = await showGpu(t, size);
		assertScreen(folder, `gpu-${name}`, await shown.waitFor(/NVLink {2}18[\s\S]*python/));
	});
}

test('slices with their memory and who has them; figures that the driver does not tell', async (t) => {
	const shown = await showGpu(t, {columns: 80, rows: 24}, {scenario: 'mig-h100'});
	assertScreen(folder, 'gpu-mig-80x24', await shown.waitFor(/MIG 3[\s\S]*process/));
});

test('at a moment that another session of the user saw: who ran what is known from its file', async (t) => {
	const root = mkdtempSync(join(tmpdir(), 'gpubox-history-'));
	t.after(() => rmSync(root, {recursive: true, force: true}));
	const path = join(root, 'history', 'a.jsonl');
	const shown = await showGpu(t, {columns: 80, rows: 24});
	const {uuid} = shown.session.store.get().facts.gpu.readings[0] ?? {uuid: ''};
	const process = {gpuUuid: uuid, pid: 815, name: 'python3', user: 'gus', box: 'gus-night', usedMemoryMiB: 2048};
	const other = {gpus: new GpuHistory(), processes: new ProcessHistory()};
	for (const second of [62, 57]) {
		other.processes.add([process], frozenAt.getTime() - second * 1000, 86_400_000);
	}

	await saveHistory(path, other, frozenAt.getTime());
	await takeInHistory(path, shown.session.past, frozenAt.getTime());
	await shown.waitFor(/NVLink {2}18/);
	for (let count = 0; count < 3; count += 1) {
		shown.type('\u001B[5~');
	}

	await shown.waitFor(/11:59:00, 1m ago[\s\S]*815 .*gus, in gus-night/);
});

test('at a moment of the past: its figures, and who ran what then', async (t) => {
	const shown = await showGpu(t, {columns: 80, rows: 24});
	await shown.waitFor(/NVLink {2}18/);
	const {uuid} = shown.session.store.get().facts.gpu.readings[0] ?? {uuid: ''};
	const process = {
		gpuUuid: uuid,
		pid: 4711,
		name: '/usr/bin/python3',
		user: 'fay',
		box: 'fay-night',
		usedMemoryMiB: 40_960,
	};
	shown.session.past.processes.add([process], frozenAt.getTime() - 62_000, 86_400_000);
	shown.session.past.processes.add([process], frozenAt.getTime() - 57_000, 86_400_000);
	for (let count = 0; count < 3; count += 1) {
		shown.type('\u001B[5~');
	}

	assertScreen(folder, 'gpu-past-80x24', await shown.waitFor(/11:59:00, 1m ago[\s\S]*4711/));
	shown.type('\u001B');
	await shown.waitFor(/· now/);
});

test('nothing is asked of the driver about one card before its screen is opened, nor after', async (t) => {
	const shown = await showSession(t, {columns: 80, rows: 24});
	await shown.waitFor(/hopper/);
	assert.equal(shown.session.store.get().facts.card.uuid, undefined);
	shown.session.store.changeNow((state) => ({...state, view: {...state.view, focus: 'gpus'}}));
	shown.type('\r');
	await shown.waitFor(/NVLink {2}18/);
	const {detail} = shown.session.store.get().facts.card;
	shown.type('\u001B');
	await shown.waitFor(/Boxes/);
	assert.equal(shown.session.store.get().facts.card.detail, detail, 'the last answer stays');
});

test('the signal asks first, names owner and box, and is not sent before', async (t) => {
	const sent: unknown[] = [];
	const shown = await showGpu(
		t,
		{columns: 80, rows: 24},
		{
			useCases: {
				findProcess: async () => ({kind: 'own', start: '77', user: 'alice'}),
				async signalProcess(_, {pid, start}, name) {
					sent.push([pid, start, name]);
					return 'sent';
				},
			},
		},
	);
	await shown.waitFor(/NVLink {2}18[\s\S]*python/);
	shown.type('x');
	await shown.waitFor(/Ask python3.11 20411 of alice in alice-llm-train to end \(SIGTERM\)\?/);
	assert.deepEqual(sent, []);
	shown.type('y');
	shown.type('\r');
	await shown.waitFor(/was asked to end/);
	shown.type('x');
	await shown.waitFor(/Kill it\s+\(SIGKILL\)\?/);
	shown.type('n');
	assert.deepEqual(sent, [[20_411, '77', 'SIGTERM']]);
});

test("another user's process is not offered; a hostile name does not reach the terminal", async (t) => {
	const shown = await showGpu(
		t,
		{columns: 80, rows: 24},
		{useCases: {findProcess: async () => ({kind: 'foreign', user: 'alice'})}},
	);
	await shown.waitFor(/NVLink {2}18[\s\S]*python/);
	shown.type('x');
	await shown.waitFor(/Not permitted: python3.11 20411 belongs to alice, in alice-llm-train/);
	assert.equal(shown.session.store.get().view.asking, undefined);
	shown.session.store.changeNow(withFacts(() => ({message: undefined})));
});
