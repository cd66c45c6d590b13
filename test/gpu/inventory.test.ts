import assert from 'node:assert/strict';
import {describe, type TestContext, test} from 'node:test';
import {readIndexes} from '../../source/gpu/cards/indexes.ts';
import {computeCapabilityByName} from '../../source/gpu/cards/known-cards.ts';
import {readInventory} from '../../source/gpu/inventory.ts';
import {type FakeNvidiaSmi, isRunning, makeNvidiaSmi, makeScenarioGpu, makeSmiScript} from '../_helpers/nvidia-smi.ts';

function fake(t: TestContext, scenario: object | string): FakeNvidiaSmi {
	const made = makeNvidiaSmi(scenario);
	t.after(made.remove);
	return made;
}

function script(t: TestContext, text: string): FakeNvidiaSmi {
	const made = makeSmiScript(text);
	t.after(made.remove);
	return made;
}

describe('a machine that is well', () => {
	test('eight cards', async (t) => {
		const {smi, starts} = fake(t, 'workstation-8x-h100');
		const inventory = await readInventory(smi);
		assert.deepEqual(inventory.problems, []);
		assert.equal(inventory.driverVersion, '580.95.05');
		assert.equal(inventory.cudaVersion, '13.0');
		assert.deepEqual(
			inventory.gpus.map(({index}) => index),
			[0, 1, 2, 3, 4, 5, 6, 7],
		);
		assert.equal(new Set(inventory.gpus.map(({uuid}) => uuid)).size, 8);
		assert.deepEqual(inventory.gpus[0], {
			...inventory.gpus[0],
			name: 'NVIDIA H100 80GB HBM3',
			computeCapability: '9.0',
			memoryTotalMiB: 81559,
			powerLimit: 700,
			migMode: false,
			persistenceMode: true,
			mig: [],
		});
		assert.equal(starts().length, 2);
	});

	test('MIG slices are asked for when a card has them', async (t) => {
		const {smi, starts} = fake(t, 'mig-h100');
		const {gpus} = await readInventory(smi);
		assert.deepEqual(
			gpus.map(({mig}) => mig.map(({profile}) => profile)),
			[['3g.40gb', '2g.20gb', '1g.10gb', '1g.10gb'], []],
		);
		assert.ok(starts().includes('-L'));
	});

	test('unified memory', async (t) => {
		const {gpus, problems} = await readInventory(fake(t, 'dgx-spark-gb10').smi);
		assert.deepEqual(problems, []);
		assert.deepEqual([gpus[0]?.memoryTotalMiB, gpus[0]?.powerLimit, gpus[0]?.computeCapability], [null, null, '12.1']);
	});

	test('the new words of R610', async (t) => {
		const {smi} = fake(t, {driverVersion: '610.57.04', cudaVersion: '13.3', gpus: [makeScenarioGpu(0)]});
		const {driverVersion, cudaVersion} = await readInventory(smi);
		assert.deepEqual([driverVersion, cudaVersion], ['610.57.04', '13.3']);
	});

	test('fields that the driver does not know are left out, the table of cards fills in', async (t) => {
		const {smi} = fake(t, {
			unknownFields: ['compute_cap', 'gpu_recovery_action', 'mig.mode.current'],
			gpus: [makeScenarioGpu(0)],
		});
		const {gpus, problems} = await readInventory(smi);
		assert.deepEqual(problems, []);
		assert.deepEqual([gpus[0]?.computeCapability, gpus[0]?.migMode, gpus[0]?.memoryTotalMiB], ['9.0', null, 81559]);
	});
});

describe('trouble', () => {
	for (const [scenario, code] of [
		['driver-mismatch', 'version-mismatch'],
		['no-devices', 'no-devices'],
		['driver-not-running', 'driver-not-running'],
	] as const) {
		test(scenario, async (t) => {
			const {gpus, problems} = await readInventory(fake(t, scenario).smi);
			assert.deepEqual(gpus, []);
			assert.deepEqual(
				problems.map((problem) => problem.code),
				[code],
			);
		});
	}

	test('no nvidia-smi at all', async () => {
		const {gpus, problems} = await readInventory({
			file: '/nonexistent/nvidia-smi',
			arguments: [],
			environment: {},
			local: true,
		});
		assert.deepEqual(gpus, []);
		assert.deepEqual(
			problems.map(({code}) => code),
			['not-installed'],
		);
	});

	for (const [place, lost] of [
		['before', 0],
		['between', 1],
		['after', 2],
	] as const) {
		test(`a lost card ${place} the others does not hide them`, async (t) => {
			const {smi} = fake(t, {
				gpus: [0, 1, 2].map((index) => makeScenarioGpu(index)),
				events: [{afterSeconds: 0, kind: 'lost', gpu: lost}],
			});
			const {gpus, problems} = await readInventory(smi);
			assert.deepEqual(
				gpus.map(({index}) => index),
				[0, 1, 2].filter((index) => index !== lost),
			);
			assert.deepEqual(
				problems.map(({code, busId}) => [code, busId]),
				[['gpu-lost', `0000:0${lost + 1}:00.0`]],
			);
		});
	}

	test('a damaged infoROM: exit code 14, the rows count', async (t) => {
		const {smi} = script(
			t,
			`case "$1" in --query-gpu=*) echo '0, GPU-1, 00000000:3B:00.0, 580.95.05, 8.0, 40960, Disabled, Disabled, Default, None, Enabled, 400.00, 0, 0, 1410, 400.00, 16, NVIDIA A100-SXM4-40GB'; echo 'WARNING: infoROM is corrupted at gpu 0000:3B:00.0' >&2; exit 14;; esac`,
		);
		const {gpus, problems} = await readInventory(smi);
		assert.equal(gpus[0]?.name, 'NVIDIA A100-SXM4-40GB');
		assert.deepEqual(
			problems.map(({code}) => code),
			['inforom'],
		);
	});

	test('a card that needs a reset is listed and told', async (t) => {
		const {smi} = fake(t, {gpus: [makeScenarioGpu(0)], events: [{afterSeconds: 0, kind: 'reset', gpu: 0}]});
		const {gpus, problems} = await readInventory(smi);
		assert.equal(gpus.length, 1);
		assert.deepEqual(
			problems.map(({code, busId}) => [code, busId]),
			[['needs-reset', '00000000:01:00.0']],
		);
	});

	test('one that hangs is killed, with what it started', async (t) => {
		const {smi, pids} = script(t, 'sleep 300 & echo $! >> "$LOG"; wait');
		const {gpus, problems} = await readInventory(smi, {timeoutMs: 300});
		assert.deepEqual(gpus, []);
		assert.deepEqual(
			problems.map(({code}) => code),
			['no-answer'],
		);
		await t.waitFor(() => assert.ok(!pids().some(isRunning)));
	});

	test('one that hangs over the table alone still lists the cards', async (t) => {
		const {smi} = script(
			t,
			`case "$1" in --query-gpu=*) echo '0, GPU-1, 00000000:3B:00.0, 580.95.05, 8.9, 23034, [N/A], [N/A], Default, [N/A], Enabled, 72.00, 0, 0, 2040, 72.00, 16, NVIDIA L4';; *) exec sleep 300;; esac`,
		);
		const {gpus, problems, driverVersion, cudaVersion} = await readInventory(smi, {timeoutMs: 1000});
		assert.deepEqual([gpus.length, driverVersion, cudaVersion], [1, '580.95.05', null]);
		assert.deepEqual(
			problems.map(({code}) => code),
			['no-answer'],
		);
	});

	test('one that ended and left its pipe open is not waited for', async (t) => {
		const {smi, pids} = script(t, `sleep 300 & echo $! >> "$LOG"; echo 'No devices were found'; exit 6`);
		const {problems} = await readInventory(smi, {timeoutMs: 60_000});
		assert.deepEqual(
			problems.map(({code}) => code),
			['no-devices'],
		);
		await t.waitFor(() => assert.ok(!pids().some(isRunning)));
	});

	test('an abort is thrown, and ends it', async (t) => {
		const {smi, pids} = script(t, 'sleep 300');
		const controller = new AbortController();
		const reading = readInventory(smi, {signal: controller.signal});
		await t.waitFor(() => assert.equal(pids().length, 2));
		controller.abort(new Error('enough'));
		await assert.rejects(reading, /enough/);
		await t.waitFor(() => assert.ok(!pids().some(isRunning)));
	});
});

test('compute capability by name', () => {
	for (const [name, expected] of [
		['NVIDIA H100 80GB HBM3', '9.0'],
		['GeForce GTX 1080 Ti', '6.1'],
		['GeForce RTX 4090', '8.9'],
		['NVIDIA GeForce RTX 3070 Laptop GPU', '8.6'],
		['NVIDIA GeForce GTX 1650 with Max-Q Design', '7.5'],
		['NVIDIA A40-48Q', '8.6'],
		['GRID T4-8C', '7.5'],
		['NVIDIA RTX 3500 Ada Generation Laptop GPU', '8.9'],
		['NVIDIA A10', '8.6'],
		['NVIDIA A100-SXM4-80GB', '8.0'],
		['Orin (nvgpu)', '8.7'],
		['Graphics Device', null],
		['', null],
	] as const) {
		assert.equal(computeCapabilityByName(name), expected, name);
	}
});

test('the index of each card by its UUID, and nothing where the driver does not answer', async (t) => {
	const {smi} = fake(t, {gpus: [makeScenarioGpu(0), makeScenarioGpu(3)]});
	assert.deepEqual(
		[...(await readIndexes(smi))],
		[0, 3].map((index) => [`GPU-00000000-0000-4000-8000-00000000000${index}`, index]),
	);
	const silent = script(t, 'exec sleep 300');
	assert.equal((await readIndexes(silent.smi, {timeoutMs: 200})).size, 0);
});
