import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {readdirSync, readFileSync} from 'node:fs';
import path from 'node:path';
import {describe, type TestContext, test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {powerAt, temperatureAt, utilizationAt} from '../../source/demo/load-model.ts';
import {parseScenario} from '../../source/demo/parse-scenario.ts';
import type {Scenario} from '../../source/demo/scenario.ts';
import {scenarioNames} from '../../source/demo/scenario-names.ts';
import {answer} from '../../source/demo/smi-answers.ts';
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
			const {gpus, processes, boxes, about, failure} = read(file);
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
				const box = boxes.find(({name}) => name === process.box);
				assert.ok(
					process.box === null || (box?.running && box.gpus.includes(process.gpu)),
					`${process.pid} is in its box`,
				);
				assert.ok((process.usedMemoryMiB ?? 0) <= (gpu.memoryTotalMiB ?? Number.POSITIVE_INFINITY));
			}
		});
	}
});

test('the scenarios that come along are those that are told of', () => {
	assert.deepEqual(
		files.map((file) => file.replace(/\.json$/, '')),
		[...scenarioNames].sort(),
	);
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

	test('a process that ended frees its memory, and a card that all have left does nothing more', () => {
		const processes = [
			{gpu: 0, pid: 11, name: 'a', usedMemoryMiB: 1000},
			{gpu: 0, pid: 12, name: 'b', usedMemoryMiB: 500},
		];
		const gpus = [makeScenarioGpu(0, {load: {kind: 'constant', utilization: 90}})];
		const events = [
			{afterSeconds: 10, kind: 'end', pid: 11},
			{afterSeconds: 20, kind: 'end', pid: 12},
		];
		const query = ['--query-gpu=utilization.gpu,memory.used', '--format=csv,noheader,nounits'];
		const reply = answer(parseScenario({gpus, processes, events}), query);
		assert.ok(reply.kind === 'rows');
		assert.deepEqual(
			[9, 11, 21].map((seconds) => reply.at(seconds).text),
			['90, 1500\n', '90, 500\n', '0, 0\n'],
		);
		const table = answer(parseScenario({gpus, processes, events}), []);
		assert.ok(table.kind === 'rows');
		assert.doesNotMatch(table.at(15).text, / 11 /);
		assert.match(table.at(15).text, / 12 /);
		// Metal cools slowly.
		const warm = answer(parseScenario({gpus, processes, events}), [
			'--query-gpu=temperature.gpu',
			'--format=csv,noheader',
		]);
		assert.ok(warm.kind === 'rows');
		const degrees = (seconds: number) => Number(warm.at(seconds).text);
		assert.ok(degrees(19) > degrees(32) && degrees(32) > degrees(60), `${degrees(19)} ${degrees(32)} ${degrees(60)}`);
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
	const gpus = [makeScenarioGpu(0), makeScenarioGpu(1)];
	const box = {name: 'alice-train', owner: 'alice', image: 'pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime'};
	for (const [json, message] of [
		[[], /^scenario must be an object/],
		[{gpu: []}, /^scenario has an unknown member "gpu"/],
		[{gpus: [{}]}, /^scenario\.gpus\[0\]\.name must be a text, not missing/],
		[{gpus: [makeScenarioGpu(0, {index: 'one'})]}, /^scenario\.gpus\[0\]\.index must be a number, not "one"/],
		[{gpus: [makeScenarioGpu(0, {index: 0.5})]}, /^scenario\.gpus\[0\]\.index must be a whole number, not 0\.5/],
		[
			{gpus: [makeScenarioGpu(0, {load: {kind: 'busy'}})]},
			/^scenario\.gpus\[0\]\.load\.kind must be idle, .*, not "busy"/,
		],
		[
			{gpus: [makeScenarioGpu(0, {load: {kind: 'constant', utilization: 140}})]},
			/^scenario\.gpus\[0\]\.load\.utilization must be a number from 0 to 100, not 140/,
		],
		[
			{gpus: [makeScenarioGpu(0, {load: {kind: 'wave', periodSeconds: 0}})]},
			/^scenario\.gpus\[0\]\.load\.periodSeconds must be a number from 1 on, not 0/,
		],
		[{gpus: [makeScenarioGpu(0, {cells: {pstate: 5}})]}, /^scenario\.gpus\[0\]\.cells\.pstate must be a text, not 5/],
		[
			{gpus: [makeScenarioGpu(1), makeScenarioGpu(1)]},
			/^scenario\.gpus\[1\]\.index is 1, the same as in scenario\.gpus\[0\]/,
		],
		[{events: [{afterSeconds: 1, kind: 'lost'}]}, /^scenario\.events\[0\]\.gpu must be a number/],
		[{gpus, events: [{afterSeconds: -1, kind: 'hang'}]}, /^scenario\.events\[0\]\.afterSeconds must be .* not -1/],
		[
			{gpus, events: [{afterSeconds: 1, kind: 'lost', gpu: 7}]},
			/^scenario\.events\[0\]\.gpu refers to an unknown card 7; there are 0, 1/,
		],
		[{events: [{afterSeconds: 1, kind: 'end', pid: 9}]}, /^scenario\.events\[0\]\.pid refers to an unknown process 9/],
		[{failure: {text: 'x', stream: 'both'}}, /^scenario\.failure\.stream must be stdout or stderr/],
		[
			{gpus, boxes: [{...box, gpus: [4]}]},
			/^scenario\.boxes\[0\]\.gpus\[0\] refers to an unknown card 4; there are 0, 1/,
		],
		[{boxes: [{...box, name: 'Alice Train'}]}, /^scenario\.boxes\[0\]\.name must be a name such as .*"Alice Train"/],
		[{boxes: [{...box, owner: '-'}]}, /^scenario\.boxes\[0\]\.owner must be a name/],
		[{boxes: [{...box, log: 'novel'}]}, /^scenario\.boxes\[0\]\.log must be training, .* or quiet, not "novel"/],
		[{boxes: [box, box]}, /^scenario\.boxes\[1\]\.name is "alice-train", the same as in scenario\.boxes\[0\]/],
		[
			{gpus, processes: [{gpu: 0, pid: 4, name: 'x', box: 'nobody'}]},
			/^scenario\.processes\[0\]\.box refers to an unknown box "nobody"/,
		],
		[{person: 'no one'}, /^scenario\.person must be a name such as dora, not "no one"/],
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
