import assert from 'node:assert/strict';
import {mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {type TestContext, test} from 'node:test';
import {
	type History,
	historyPath,
	mostBytes,
	saveHistory,
	takeInHistory,
} from '../../../source/app/history/history-file.ts';
import {historyRecords} from '../../../source/gpu/history/format.ts';
import {GpuHistory} from '../../../source/gpu/history/gpu-history.ts';
import {ProcessHistory} from '../../../source/gpu/history/process-history.ts';
import {frameOf, inventoryOf} from '../../_helpers/demo.ts';

const start = Date.UTC(2026, 10, 20, 3);
const inventory = inventoryOf(2);
const [uuid = ''] = inventory.gpus.map((gpu) => gpu.uuid);

function makePath(t: TestContext): string {
	const folder = mkdtempSync(join(tmpdir(), 'gpubox-history-'));
	t.after(() => rmSync(folder, {recursive: true, force: true}));
	return join(folder, 'history', 'a.jsonl');
}

function readHistory(text: string) {
	const lines = [...historyRecords(text)];
	const records = lines.filter((record) => record !== undefined);
	return {records, damaged: lines.length - records.length};
}

const none = (): History => ({gpus: new GpuHistory(), processes: new ProcessHistory()});

function seen(fromSecond: number, toSecond: number): History {
	const history = none();
	for (let second = fromSecond; second < toSecond; second += 1) {
		history.gpus.add(frameOf(inventory, second), start + second * 1000);
	}

	const process = {gpuUuid: uuid, pid: fromSecond, name: 'python', user: 'alice', box: 'alice-llm', usedMemoryMiB: 9};
	history.processes.add([process], start + fromSecond * 1000, 86_400_000);
	return history;
}

const curveOf = ({gpus}: History, untilSecond: number) =>
	gpus.curve(uuid, 'utilization', {seconds: 1, untilMs: start + untilSecond * 1000, points: 300});

test('what was saved is there again, for its owner alone', async (t) => {
	const path = makePath(t);
	const history = seen(0, 200);
	await saveHistory(path, history, start + 200_000);
	const again = none();
	await takeInHistory(path, again, start + 2 * 86_400_000);
	assert.deepEqual(curveOf(again, 199), curveOf(history, 199));
	assert.deepEqual(again.processes.since(0), history.processes.since(0));
	assert.equal(statSync(path).mode & 0o777, 0o600);
	assert.equal(statSync(join(path, '..')).mode & 0o777, 0o700);
	assert.match(readFileSync(path, 'utf8').split('\n')[0] ?? '', /"format":"gpubox-history","version":1/);
});

/** What a file holds, of which no second of the hundred is missing. */
async function readWhole(path: string): Promise<History> {
	const again = none();
	await takeInHistory(path, again, start + 2 * 86_400_000);
	assert.ok(
		curveOf(again, 99)
			.slice(-100)
			.every((value) => value !== null),
	);
	return again;
}

test('two sessions keep what the other saw, whoever writes last', async (t) => {
	const path = makePath(t);
	const one = seen(0, 50);
	const other = seen(50, 100);
	await saveHistory(path, one, start + 100_000);
	await saveHistory(path, other, start + 100_000);
	await saveHistory(path, one, start + 100_000);
	const again = await readWhole(path);
	assert.deepEqual(
		again.processes
			.since(0)
			.map(({pid}) => pid)
			.sort(),
		[0, 50],
	);
	assert.deepEqual(readdirSync(join(path, '..')), ['a.jsonl'], 'nothing is left beside it');
});

test('damaged lines are left out, the others count; another format or version holds nothing', async (t) => {
	const path = makePath(t);
	await saveHistory(path, seen(0, 20), start + 20_000);
	const text = readFileSync(path, 'utf8');
	const lines = text.split('\n');
	const whole = readHistory(text);
	assert.equal(whole.damaged, 0);
	lines[2] = (lines[2] ?? '').replace(/\d(?=,)/, '7').replace(/"figures":\[./, '"figures":[9');
	lines[3] = 'garbage';
	lines[4] = '{"at":"2026-11-20T03:00:00.000Z","figures":[1]}';
	const cut = `${lines.join('\n').slice(0, -30)}`;
	const {records, damaged} = readHistory(cut);
	assert.equal(damaged, 4);
	assert.equal(records.length, whole.records.length - 4);
	writeFileSync(path, cut);
	await takeInHistory(path, none());
	assert.deepEqual(readHistory(text.replace('"version":1', '"version":2')), {records: [], damaged: 0});
	assert.deepEqual(readHistory(''), {records: [], damaged: 0});
	writeFileSync(path, Buffer.from([0, 255, 10, 13]));
	await takeInHistory(path, none());
});

test('what another session wrote since is kept, the own last file is not read again', async (t) => {
	const path = makePath(t);
	const one = seen(0, 50);
	const first = await saveHistory(path, one, start + 100_000);
	await saveHistory(path, seen(50, 100), start + 100_000);
	const second = await saveHistory(path, one, start + 100_000, first);
	await readWhole(path);
	const fresh = seen(100, 101);
	await saveHistory(path, fresh, start + 101_000, second);
	assert.ok(curveOf(fresh, 99).every((value) => value === null));
});

test('more processes than fit leave the GPUs, not a file that cannot be read', async (t) => {
	const path = makePath(t);
	const history = seen(0, 200);
	for (let pid = 0; pid < 3000; pid += 1) {
		const span = {uuid, pid, name: 'ä'.repeat(1500), user: null, box: null, usedMemoryMiB: null};
		history.processes.fill({...span, fromMs: start, toMs: start + 1000});
	}

	await saveHistory(path, history, start + 200_000);
	assert.ok(statSync(path).size <= mostBytes);
	const again = none();
	await takeInHistory(path, again, start + 2 * 86_400_000);
	assert.deepEqual(curveOf(again, 199), curveOf(history, 199));
});

test('a day of a large host stays within a few MiB, and does not grow with the days', async (t) => {
	const path = makePath(t);
	const large = inventoryOf(16);
	const history = none();
	for (let minute = 0; minute < 2 * 24 * 60; minute += 1) {
		history.gpus.add(frameOf(large, minute), start + minute * 60_000);
	}

	const end = start + 2 * 86_400_000;
	await saveHistory(path, history, end);
	const {size} = statSync(path);
	assert.ok(size < 4 * 1024 ** 2 && size < mostBytes, String(size));
	await saveHistory(path, history, end);
	assert.equal(statSync(path).size, size);
});

test('hosts have a file each', () => {
	const paths = {state: '/home/alice/.local/state/gpubox/boxes'} as Parameters<typeof historyPath>[0]['paths'];
	const local = historyPath({paths, engine: {address: 'unix:///run/docker.sock', local: true}});
	assert.notEqual(local, historyPath({paths, engine: {address: 'ssh://gpu2', local: false}}));
	assert.match(local, /^\/home\/alice\/\.local\/state\/gpubox\/history\/[0-9a-f]{16}\.jsonl$/);
});
