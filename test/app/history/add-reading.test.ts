import assert from 'node:assert/strict';
import {existsSync, mkdtempSync, rmSync, statSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {type TestContext, test} from 'node:test';
import {addReading} from '../../../source/app/history/add-reading.ts';
import {type History, historyPath, saveHistory, takeInHistory} from '../../../source/app/history/history-file.ts';
import {GpuHistory} from '../../../source/gpu/history/gpu-history.ts';
import {ProcessHistory} from '../../../source/gpu/history/process-history.ts';
import type {Host} from '../../../source/host/host.ts';
import {makeNvidiaSmi, makeSmiScript} from '../../_helpers/nvidia-smi.ts';

const signal = new AbortController().signal;
const uuid = 'GPU-00000001-0000-4000-8000-000000000001';
const process = {gpu: 0, pid: 41, name: 'python', usedMemoryMiB: 512};
const scenario = {gpus: [{name: 'NVIDIA L4', computeCapability: '8.9', memoryTotalMiB: 23_034}], processes: [process]};

function setUp(t: TestContext, fake = makeNvidiaSmi(scenario)) {
	const folder = mkdtempSync(join(tmpdir(), 'gpubox-history-'));
	t.after(() => {
		fake.remove();
		rmSync(folder, {recursive: true, force: true});
	});
	const host = {
		nvidiaSmi: fake.smi,
		paths: {state: join(folder, 'boxes')},
		engine: {local: true, address: 'unix:///a'},
		findOwner: () => ({user: 'dora', box: 'dora-eda'}),
	} as unknown as Host;
	return {host, path: historyPath(host)};
}

const none = (): History => ({gpus: new GpuHistory(), processes: new ProcessHistory()});

async function kept(path: string): Promise<History> {
	const history = none();
	await takeInHistory(path, history);
	return history;
}

test('one reading and who ran what are added to what is there, for the user alone', async (t) => {
	const {host, path} = setUp(t);
	const before = none();
	const minute = 60_000;
	const earlierMs = Date.now() - 5 * minute;
	const seen = {gpuUuid: uuid, pid: 41, name: 'python', user: null, box: null, usedMemoryMiB: 500};
	before.processes.add([seen, {...seen, pid: 40}], earlierMs, 86_400_000);
	before.gpus.fill({uuid, seconds: 120, at: Math.floor(earlierMs / 120_000), figures: [77]});
	await saveHistory(path, before, earlierMs);

	await addReading(host, [], signal);
	const {gpus, processes} = await kept(path);
	const now = Date.now();
	assert.equal(gpus.at(uuid, now)?.figures.utilization, 0);
	assert.equal(gpus.at(uuid, earlierMs)?.figures.utilization, 77);
	// Listed both times, it ran in between; the other one is known to have run once.
	const between = processes.at(uuid, now - 2 * minute, 0);
	assert.deepEqual(
		between.map(({pid, user, box, usedMemoryMiB}) => [pid, user, box, usedMemoryMiB]),
		[[41, 'dora', 'dora-eda', 512]],
	);
	assert.deepEqual(
		processes.since(0).map(({pid}) => pid),
		[41, 40],
	);
	assert.equal(statSync(path).mode & 0o777, 0o600);
});

test('where the driver gives no reading, nothing is written', async (t) => {
	for (const script of ['exit 9', "echo 'No devices were found'; exit 6"]) {
		const {host, path} = setUp(t, makeSmiScript(script));
		await addReading(host, [], signal);
		assert.equal(existsSync(dirname(path)), false);
	}
});
