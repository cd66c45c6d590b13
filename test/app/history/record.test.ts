import assert from 'node:assert/strict';
import {once} from 'node:events';
import {existsSync, lstatSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {type TestContext, test} from 'node:test';
import {recordGpus} from '../../../source/app/history/record.ts';
import {EngineError} from '../../../source/engine/engine.ts';
import type {GpuInventory} from '../../../source/gpu/gpu.ts';
import {readRecording} from '../../../source/gpu/history/recording.ts';
import {readInventory} from '../../../source/gpu/inventory.ts';
import type {Host} from '../../../source/host/host.ts';
import {makeSmiScript} from '../../_helpers/nvidia-smi.ts';

const evil = 'py\u001B[31mthon';

/** A driver with one card and one process, which prints a reading and waits to be ended. */
const driver = (readings: string) => `
case "$*" in
*--query-compute-apps*) printf 'GPU-a, 41, ${evil}, 512\\n' ;;
*-lms*) ${readings}; exec sleep 600 ;;
*--query-gpu*) for field in $(echo "$1" | sed 's/.*=//; s/,/ /g'); do
	case $field in index) v=0 ;; uuid) v=GPU-a ;; name) v='NVIDIA H100' ;; memory.total) v=81559 ;; *) v='[N/A]' ;; esac
	printf '%s' "$sep$v"; sep=', '
done; echo ;;
esac`;

const oneReading = `
sep=; for field in $(echo "$1" | sed 's/.*=//; s/,/ /g'); do
	case $field in index) v=0 ;; uuid) v=GPU-a ;; name) v='NVIDIA H100' ;; utilization.gpu) v=37 ;; *) v='[N/A]' ;; esac
	printf '%s' "$sep$v"; sep=', '
done; echo`;

async function setUp(t: TestContext, script = driver(oneReading), listContainers: () => Promise<[]> = async () => []) {
	const fake = makeSmiScript(script);
	const folder = mkdtempSync(join(tmpdir(), 'gpubox-record-'));
	t.after(() => {
		fake.remove();
		rmSync(folder, {recursive: true, force: true});
	});
	const host = {
		nvidiaSmi: fake.smi,
		person: {name: 'dora', uid: 1000, gid: 1000},
		engine: {local: true, address: 'unix:///a', listContainers},
		findOwner: () => ({user: 'dora', box: 'dora-eda'}),
	} as unknown as Host;
	const inventory: GpuInventory = await readInventory(fake.smi);
	const path = join(folder, 'gpus.jsonl');
	const controller = new AbortController();
	const record = (options: {force?: boolean; lengthMs?: number} = {}) =>
		recordGpus(host, inventory, path, {force: false, onProblem() {}, signal: controller.signal, ...options});
	return {path, record, controller};
}

test('readings and processes are in a file for the user alone, whatever their names', async (t) => {
	const {path, record, controller} = await setUp(t);
	const recording = record();
	const written = () => (existsSync(path) ? readFileSync(path, 'utf8') : '');
	while (!(written().includes('"figures":[37') && written().includes('"pid":41'))) {
		await new Promise((resolve) => setTimeout(resolve, 20));
	}

	controller.abort();
	const {gpus, readings, end, bytes} = await recording;
	assert.deepEqual([gpus, readings, end], [1, 1, 'interrupted']);
	assert.equal(bytes, statSync(path).size);
	assert.equal(statSync(path).mode & 0o777, 0o600);
	const text = readFileSync(path, 'utf8');
	assert.equal(text.includes('\u001B'), false);
	const {machine, cards, readings: read, spans} = readRecording(text);
	assert.equal(machine?.person, 'dora');
	assert.deepEqual(
		cards.map(({uuid, name, memoryTotalMiB}) => [uuid, name, memoryTotalMiB]),
		[['GPU-a', 'NVIDIA H100', 81_559]],
	);
	assert.equal(read.get('GPU-a')?.[0]?.figures[0], 37);
	assert.deepEqual(
		spans.map(({pid, user, box}) => [pid, user, box]),
		[[41, 'dora', 'dora-eda']],
	);
});

test('a file that is there is replaced only with --force', async (t) => {
	const {path, record} = await setUp(t);
	writeFileSync(path, 'mine', {mode: 0o644});
	await assert.rejects(record(), /exists already/);
	assert.equal(readFileSync(path, 'utf8'), 'mine');
	const {end} = await record({force: true, lengthMs: 1500});
	assert.equal(end, 'done');
	assert.match(readFileSync(path, 'utf8'), /^\{"format":"gpubox-history"/);
	assert.equal(statSync(path).mode & 0o777, 0o600);
});

test('what is no file is not replaced, and a link is, not what it leads to', async (t) => {
	const {path, record} = await setUp(t);
	const socket = createServer().listen(path);
	await once(socket, 'listening');
	await assert.rejects(record({force: true, lengthMs: 1000}), /is not a file/);
	assert.ok(statSync(path).isSocket());
	await new Promise((resolve) => socket.close(resolve));
	const other = `${path}.other`;
	writeFileSync(other, 'mine');
	symlinkSync(other, path);
	await record({force: true, lengthMs: 1000});
	assert.ok(lstatSync(path).isFile());
	assert.equal(readFileSync(other, 'utf8'), 'mine');
});

test('without a reading there is no file, and it is a failure', async (t) => {
	const {path, record} = await setUp(t, driver(':'));
	await assert.rejects(record({lengthMs: 300}), {message: /gave no reading/, exitCode: 4});
	assert.equal(existsSync(path), false);
});

test('a folder that is not there is a failure in words', async (t) => {
	const {path, record} = await setUp(t);
	rmSync(join(path, '..'), {recursive: true});
	await assert.rejects(record(), /Cannot write .*gpus\.jsonl/);
});

test('an engine that fails leaves processes without owners', async (t) => {
	const {path, record} = await setUp(t, driver(oneReading), async () => {
		throw new EngineError('failed', 'the engine has a fault');
	});
	const {end, processes} = await record({lengthMs: 1500});
	assert.deepEqual([end, processes], ['done', 1]);
	assert.deepEqual(
		readRecording(readFileSync(path, 'utf8')).spans.map(({pid, user, box}) => [pid, user, box]),
		[[41, null, null]],
	);
});

test('any other fault ends the recording, whose file remains', async (t) => {
	let path = '';
	const all = await setUp(t, driver(oneReading), async () => {
		while (!existsSync(path)) {
			await new Promise((resolve) => setTimeout(resolve, 20));
		}

		throw new TypeError('a bug');
	});
	({path} = all);
	await assert.rejects(all.record(), {name: 'TypeError', message: 'a bug'});
	assert.equal(readRecording(readFileSync(path, 'utf8')).readings.size, 1);
});
