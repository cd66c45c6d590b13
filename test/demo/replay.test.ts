import assert from 'node:assert/strict';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {type TestContext, test} from 'node:test';
import {nameProcesses} from '../../source/box/gpus/process-names.ts';
import {makeReplayHost} from '../../source/demo/host.ts';
import {createReplayClock} from '../../source/demo/replay/replay-clock.ts';
import type {GpuFrame} from '../../source/gpu/gpu.ts';
import {type HistoryRecord, historyHeader, historyLine} from '../../source/gpu/history/format.ts';
import {readInventory} from '../../source/gpu/inventory.ts';
import {areKnown, readProcesses} from '../../source/gpu/processes.ts';
import {watchGpus} from '../../source/gpu/stream.ts';

const start = Date.UTC(2026, 10, 20, 3);
const at = (second: number) => start + second * 1000;
const card = (index: number, uuid: string) =>
	({
		kind: 'card',
		card: {
			...{index, uuid, name: 'NVIDIA L4', busId: null, computeCapability: '8.9', memoryTotalMiB: 23_034},
			...{powerLimit: 72, migMode: null, mig: []},
		},
	}) satisfies HistoryRecord;
const reading = (uuid: string, second: number, figures: Array<number | null>): HistoryRecord => ({
	kind: 'gpu',
	bucket: {uuid, seconds: 1, at: at(second) / 1000, figures},
});
const records: HistoryRecord[] = [
	{kind: 'machine', machine: {host: 'gauss', person: 'erik', driverVersion: '570.10', cudaVersion: '12.8'}},
	card(0, 'GPU-a'),
	card(1, 'GPU-b'),
	...[0, 1, 2, 3].map((second) => reading('GPU-a', second, [40 + second, 2048, null, 61.5, 50, 1200, 4])),
	{
		kind: 'process',
		span: {
			...{uuid: 'GPU-a', pid: 41, name: 'python, a\u202Eb', user: 'fay', box: 'fay-llm', usedMemoryMiB: 2000},
			...{fromMs: at(0), toMs: at(3)},
		},
	},
];

function fileOf(t: TestContext, text: string): string {
	const folder = mkdtempSync(join(tmpdir(), 'gpubox-replay-'));
	t.after(() => rmSync(folder, {recursive: true, force: true}));
	const file = join(folder, 'gpus.jsonl');
	writeFileSync(file, text);
	return file;
}

const textOf = (lines: HistoryRecord[]) => [historyHeader, ...lines.map(historyLine), ''].join('\n');

test('a replay has the cards, readings and processes of the record, and what was not recorded is unknown', async (t) => {
	await using host = await makeReplayHost(fileOf(t, textOf(records)));
	const {gpus, driverVersion, cudaVersion} = await readInventory(host.nvidiaSmi);
	assert.deepEqual([driverVersion, cudaVersion], ['570.10', '12.8']);
	assert.deepEqual(
		gpus.map(({index, uuid, name, memoryTotalMiB, powerLimit, computeCapability}) => ({
			...{index, uuid, name, memoryTotalMiB, powerLimit, computeCapability},
		})),
		['GPU-a', 'GPU-b'].map((uuid, index) => ({
			...{index, uuid, name: 'NVIDIA L4', memoryTotalMiB: 23_034, powerLimit: 72, computeCapability: '8.9'},
		})),
	);
	const controller = new AbortController();
	let frame: GpuFrame | undefined;
	await watchGpus(host.nvidiaSmi, {
		gpuCount: 2,
		signal: controller.signal,
		onNews(news) {
			frame ??= news.kind === 'frame' ? news.frame : undefined;
			controller.abort();
		},
	});
	const [first, second] = frame?.samples ?? [];
	assert.ok((first?.utilization ?? 0) >= 40 && (first?.utilization ?? 0) <= 43);
	assert.deepEqual(
		[first?.memoryUsedMiB, first?.memoryUtilization, first?.powerDraw, first?.temperature, first?.throttleReasons],
		[2048, null, 61.5, 50, 4],
	);
	assert.deepEqual([first?.fanSpeed, first?.clockMemory, first?.pcieWidth], [null, null, null]);
	assert.deepEqual([second?.utilization, second?.memoryUsedMiB, second?.powerDraw], [null, null, null]);
	const list = await readProcesses(host.nvidiaSmi);
	assert.ok(areKnown(list));
	const [process] = await nameProcesses(host, list, [], gpus);
	assert.deepEqual([process?.pid, process?.user, process?.box, process?.usedMemoryMiB], [41, 'fay', 'fay-llm', 2000]);
	assert.match(process?.name ?? '', /^python, a/);
	assert.doesNotMatch(process?.name ?? '', /\u202E/);
	assert.deepEqual(await host.engine.listContainers({}), []);
	assert.equal((await host.readHost()).cpuLoad, null);
});

test('the clock walks through the record, and stays at its end', () => {
	let now = 5_000_000;
	const clock = createReplayClock({fromMs: at(0), toMs: at(4)}, () => now);
	assert.equal(clock().getTime(), at(0));
	now += 3000;
	assert.equal(clock().getTime(), at(3));
	now += 3_600_000;
	assert.equal(clock().getTime(), at(4));
});

test('a file that is no recording is refused in one line', async (t) => {
	const twice = [records[0], card(0, 'GPU-a'), card(0, 'GPU-b'), reading('GPU-a', 0, [1])].filter(
		(record) => record !== undefined,
	);
	for (const [text, reason] of [
		['rubbish\u001B[2J', /no recording/],
		[textOf(records).replace('"version":1', '"version":9'), /newer version/],
		[textOf([card(0, 'GPU-a')]), /no reading/],
		[textOf(twice), /one machine/],
	] as const) {
		await assert.rejects(makeReplayHost(fileOf(t, text)), {message: reason, exitCode: 2});
	}

	await assert.rejects(makeReplayHost('/nowhere/gpus.jsonl'), {message: /no such file/, exitCode: 2});
});
