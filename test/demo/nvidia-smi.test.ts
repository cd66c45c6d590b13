import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {readdirSync, readFileSync} from 'node:fs';
import path from 'node:path';
import {describe, type TestContext, test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {answer} from '../../source/demo/answer.ts';
import {powerAt, temperatureAt, utilizationAt} from '../../source/demo/load.ts';
import {parseScenario, type Scenario} from '../../source/demo/scenario.ts';
import {streamFields} from '../../source/gpu/fields.ts';
import {readInventory} from '../../source/gpu/inventory.ts';
import {parseRow} from '../../source/gpu/parse.ts';
import {makeNvidiaSmi, makeScenarioGpu} from '../_helpers/nvidia-smi.ts';

const folder = fileURLToPath(new URL('../../templates/scenarios/', import.meta.url));
const files = readdirSync(folder);
const read = (file: string): Scenario => parseScenario(JSON.parse(readFileSync(path.join(folder, file), 'utf8')));

function call(t: TestContext, scenario: object | string, ...arguments_: string[]) {
	const fake = makeNvidiaSmi(scenario);
	t.after(fake.remove);
	const {stdout, stderr, status} = spawnSync(fake.smi.file, arguments_, {encoding: 'utf8'});
	return {stdout, stderr, status};
}

describe('the scenarios that come along', () => {
	for (const file of files) {
		test(`${file} is one, with cards that differ`, () => {
			const {gpus, processes, about, failure} = read(file);
			assert.notEqual(about, '');
			assert.equal(gpus.length > 0, failure === null);
			assert.equal(new Set(gpus.map(({uuid}) => uuid)).size, gpus.length);
			assert.equal(new Set(gpus.map(({busId}) => busId)).size, gpus.length);
			for (const {uuid, busId} of gpus) {
				assert.match(uuid, /^GPU-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
				assert.match(busId, /^[0-9A-F]{8}:[0-9A-F]{2}:[0-9A-F]{2}\.0$/);
			}

			for (const process of processes) {
				const gpu = gpus.find(({index}) => index === process.gpu);
				assert.ok(gpu, `process ${process.pid} has a card`);
				assert.ok((process.usedMemoryMiB ?? 0) <= (gpu.memoryTotalMiB ?? Number.POSITIVE_INFINITY));
			}
		});
	}
});

describe('loads', () => {
	test('always the same, and within what a card can do', () => {
		for (const file of files) {
			for (const gpu of read(file).gpus) {
				for (let seconds = 0; seconds < 200; seconds += 7) {
					const utilization = utilizationAt(gpu, seconds);
					assert.equal(utilizationAt(gpu, seconds), utilization);
					assert.ok(Number.isInteger(utilization) && utilization >= 0 && utilization <= 100);
					assert.ok(powerAt(gpu, seconds) <= (gpu.power.limit ?? Number.POSITIVE_INFINITY));
					const temperature = temperatureAt(gpu, seconds);
					assert.ok(temperature >= gpu.temperature.idle && temperature <= gpu.temperature.busy + 1);
				}
			}
		}
	});
});

describe('answers', () => {
	test('a field that it does not know fails the whole query, on stdout', (t) => {
		const result = call(t, 'single-rtx-4090', '--query-gpu=index,cuda_version', '--format=csv,noheader');
		assert.deepEqual(result, {
			stdout: 'Field "cuda_version" is not a valid field to query.\n\n',
			stderr: '',
			status: 2,
		});
	});

	test('every field that gpubox asks for is known', () => {
		for (const file of files.filter((name) => read(name).failure === null)) {
			const reply = answer(read(file), [`--query-gpu=${streamFields}`, '--format=csv,noheader,nounits', '-lms', '500']);
			assert.ok(reply.kind === 'rows');
			assert.equal(reply.intervalMs, 500);
			for (const line of reply.at(3).text.trim().split('\n')) {
				assert.ok(parseRow(line, streamFields), line);
			}
		}
	});

	test('header and units, the header once', () => {
		const reply = answer(read('single-rtx-4090.json'), ['--query-gpu=index,memory.total', '--format=csv', '-l', '2']);
		assert.ok(reply.kind === 'rows');
		assert.equal(reply.intervalMs, 2000);
		assert.equal(reply.at(0).text, 'index, memory.total [MiB]\n0, 24564 MiB\n');
		assert.equal(reply.at(2).text, '0, 24564 MiB\n');
	});

	test('versions, before and after R610', (t) => {
		const before = call(t, {driverVersion: '595.80', cudaVersion: '13.2'}, '--version').stdout;
		assert.match(before, /^DRIVER version {6}: 595\.80\nCUDA Version {8}: 13\.2$/m);
		const after = call(t, {driverVersion: '610.57.04', cudaVersion: '13.3'}, '--version').stdout;
		assert.match(after, /^KMD version {9}: 610\.57\.04\nCUDA UMD version {4}: 13\.3$/m);
	});

	test('all lines of the table are equally long', () => {
		for (const driverVersion of ['595.80', '610.57.04']) {
			const reply = answer({...read('mixed-cards.json'), driverVersion}, []);
			assert.ok(reply.kind === 'rows');
			for (const line of reply.at(10).text.split('\n')) {
				assert.ok(line === '' || line.length === 91, line);
			}
		}
	});

	test('MIG slices', (t) => {
		const {stdout} = call(t, 'mig-h100', '-L');
		assert.match(stdout, /^ {2}MIG 3g\.40gb {5}Device {2}0: \(UUID: MIG-[0-9a-f-]{36}\)$/m);
	});

	test('a failure of the whole', (t) => {
		assert.deepEqual(call(t, 'no-devices', '-L'), {stdout: 'No devices were found\n', stderr: '', status: 6});
		const loud = {failure: {text: 'Nein', exitCode: 9, stream: 'stderr'}};
		assert.deepEqual(call(t, loud), {stdout: '', stderr: 'Nein\n', status: 9});
	});

	test('strange arguments', (t) => {
		assert.equal(call(t, 'single-rtx-4090', '--frobnicate').status, 2);
		assert.equal(call(t, 'single-rtx-4090', '--query-gpu=index').status, 2);
	});

	test('cells can be told', (t) => {
		const scenario = {gpus: [makeScenarioGpu(0, {cells: {'utilization.gpu': '[Unknown Error]'}})]};
		const {stdout} = call(t, scenario, '--query-gpu=index,utilization.gpu', '--format=csv,noheader,nounits');
		assert.equal(stdout, '0, [Unknown Error]\n');
	});

	test('an exit after a while, with rows before it', (t) => {
		const scenario = {
			gpus: [makeScenarioGpu(0)],
			events: [{afterSeconds: 0.2, kind: 'exit', text: 'bye', exitCode: 15}],
		};
		const {stdout, status} = call(t, scenario, '--query-gpu=index', '--format=csv,noheader,nounits', '-lms', '20');
		assert.equal(status, 15);
		assert.match(stdout, /^(?:0\n)+bye\n$/);
	});

	test('time goes on over several processes when an epoch is set', async (t) => {
		const fake = makeNvidiaSmi('card-fails');
		t.after(fake.remove);
		const environment = {...process.env, GPUBOX_SCENARIO_EPOCH: String(Date.now() - 100_000)};
		const {gpus, problems} = await readInventory({...fake.smi, environment});
		assert.equal(gpus.length, 7);
		assert.deepEqual(problems.map(({code}) => code).sort(), ['gpu-lost', 'needs-reset']);
	});
});

describe('mistakes in a scenario', () => {
	for (const [json, message] of [
		[[], /^scenario must be an object/],
		[{gpu: []}, /^scenario has an unknown member "gpu"/],
		[{gpus: [{}]}, /^scenario\.gpus\[0\]\.index must be a number, not missing/],
		[
			{gpus: [makeScenarioGpu(0, {load: {kind: 'busy'}})]},
			/^scenario\.gpus\[0\]\.load\.kind must be idle, .*, not "busy"/,
		],
		[{gpus: [makeScenarioGpu(0, {cells: {pstate: 5}})]}, /^scenario\.gpus\[0\]\.cells\.pstate must be a text, not 5/],
		[{events: [{afterSeconds: 1, kind: 'lost'}]}, /^scenario\.events\[0\]\.gpu must be a number/],
		[{failure: {text: 'x', stream: 'both'}}, /^scenario\.failure\.stream must be stdout or stderr/],
	] as const) {
		test(String(message), () => {
			assert.throws(() => parseScenario(json), {name: 'ScenarioError', message});
		});
	}

	test('are told on stderr', (t) => {
		const {stderr, status} = call(t, {gpus: 5});
		assert.equal(status, 1);
		assert.match(stderr, /scenario\.gpus must be a list, not 5/);
	});
});
