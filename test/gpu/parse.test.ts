import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import fc from 'fast-check';
import {staticFields, streamFields} from '../../source/gpu/fields.ts';
import {
	factsOf,
	isFaulty,
	parseBanner,
	parseMig,
	parseProcessRow,
	parseRow,
	rejectedField,
	sampleOf,
} from '../../source/gpu/parse.ts';
import {figureOf} from '../../source/gpu/possible.ts';
import {readCapture} from '../_helpers/nvidia-smi.ts';

/** The recorded query asked for every field, with units: picks ours out of it and drops the units. */
function recordedRow(file: string, part: string, fields: readonly string[]): string {
	const [head = '', values = ''] = readCapture(file, `${part} :: query-gpu`).trim().split('\n');
	const names = head.split(', ').map((name) => name.replace(/ \[.*\]$/, ''));
	const cells = values.split(', ');
	assert.equal(cells.length, names.length);
	return fields
		.map((field) => {
			// The recording lacks a few names that are another spelling of one it has.
			const position = names.indexOf(field);
			return field === 'index' && position === -1 ? '0' : (cells[position] ?? '[N/A]').replace(/ (?:%|MiB|W|MHz)$/, '');
		})
		.join(', ');
}

const captures = ['rtx-2080-super-610.57.04', 'h100-80gb-hbm3-590.48.01', 'h100-mig-590.48.01', 'l40s-595.80'];

describe('cells', () => {
	for (const [cell, expected] of [
		['0', 0],
		['149', 149],
		['255', null],
		['-51', null],
		['69.85', 69.85],
		['-5', -5],
		['', null],
		['-', null],
		['N/A', null],
		['[N/A]', null],
		['[Not Supported]', null],
		['[Unknown Error]', null],
		['[GPU requires reset]', null],
		['[Requested functionality has been deprecated]', null],
		['[Insufficient Permissions]', null],
		['ERR!', null],
		['5 %', null],
		['0x10', null],
		['1e3', null],
		['Infinity', null],
		[undefined, null],
	] as const) {
		test(`${cell} is ${expected}`, () => {
			assert.equal(figureOf('temperature.gpu', cell), expected);
		});
	}
});

describe('recorded cards', () => {
	const expectations = [
		[
			'rtx-2080-super-610.57.04',
			{
				name: 'NVIDIA GeForce RTX 2080 SUPER',
				memoryTotalMiB: 8192,
				computeCapability: '7.5',
				migMode: null,
				persistenceMode: false,
				powerLimit: 250,
				clockSmMax: 2145,
				powerDefault: 250,
				pcieWidthMax: 16,
				busId: '00000000:0C:00.0',
			},
		],
		[
			'h100-80gb-hbm3-590.48.01',
			{
				name: 'NVIDIA H100 80GB HBM3',
				memoryTotalMiB: 81559,
				computeCapability: '9.0',
				migMode: false,
				persistenceMode: true,
				powerLimit: 700,
				clockSmMax: 1980,
				powerDefault: 700,
				pcieWidthMax: 16,
				busId: '00000000:00:09.0',
			},
		],
		[
			'h100-mig-590.48.01',
			{
				name: 'NVIDIA H100 80GB HBM3',
				memoryTotalMiB: 81559,
				computeCapability: '9.0',
				migMode: true,
				persistenceMode: true,
				powerLimit: 700,
				clockSmMax: 1980,
				powerDefault: 700,
				pcieWidthMax: 16,
				busId: '00000000:00:09.0',
			},
		],
		[
			'l40s-595.80',
			{
				name: 'NVIDIA L40S',
				memoryTotalMiB: 46068,
				computeCapability: '8.9',
				migMode: null,
				persistenceMode: false,
				powerLimit: 350,
				clockSmMax: 2520,
				powerDefault: 350,
				pcieWidthMax: 16,
				busId: '00000000:01:00.0',
			},
		],
	] as const;
	const loads = {
		'rtx-2080-super-610.57.04': {utilization: 0, memoryUsedMiB: 211},
		'h100-80gb-hbm3-590.48.01': {utilization: 0, memoryUsedMiB: 0},
		'h100-mig-590.48.01': {utilization: null, memoryUsedMiB: 59},
		'l40s-595.80': {utilization: 100, memoryUsedMiB: 0},
	};
	for (const [file, expected] of expectations) {
		test(`${file}: facts`, () => {
			const row = parseRow(recordedRow(file, 'idle', staticFields), staticFields);
			assert.ok(row);
			assert.deepEqual(factsOf(row), {
				index: 0,
				uuid: 'GPU-00000000-0000-0000-0000-000000000000',
				mig: [],
				computeMode: 'Default',
				recoveryAction: 'None',
				migPending: expected.migMode,
				...loads[file],
				...expected,
			});
		});
	}

	const readings = [
		['rtx-2080-super-610.57.04', 'idle', {utilization: 0, memoryUsedMiB: 211, fanSpeed: 38}],
		['h100-80gb-hbm3-590.48.01', 'idle', {utilization: 0, memoryUsedMiB: 0, fanSpeed: null}],
		['h100-mig-590.48.01', 'idle', {utilization: null, memoryUsedMiB: 59, fanSpeed: null}],
		['h100-mig-590.48.01', 'load', {utilization: null, fanSpeed: null}],
		['l40s-595.80', 'idle', {utilization: 100, memoryUsedMiB: 0, fanSpeed: null}],
	] as const;
	for (const [file, part, expected] of readings) {
		test(`${file}: reading, ${part}`, () => {
			const row = parseRow(recordedRow(file, part, streamFields), streamFields);
			assert.ok(row);
			const sample = sampleOf(row);
			assert.deepEqual({...sample, ...expected}, sample);
			assert.equal(typeof sample.temperature, 'number');
			assert.equal(typeof sample.powerDraw, 'number');
			assert.match(String(sample.performanceState), /^P\d+$/);
			assert.equal(sample.faulty, false);
		});
	}

	test('versions, in the table and by --version', () => {
		for (const [file, driverVersion, cudaVersion] of [
			['rtx-2080-super-610.57.04', '610.57.04', '13.3'],
			['h100-80gb-hbm3-590.48.01', '590.48.01', '13.1'],
			['h100-mig-590.48.01', '590.48.01', '13.1'],
			['l40s-595.80', '595.80', '13.2'],
		] as const) {
			for (const part of ['idle :: nvidia-smi', 'load :: nvidia-smi', 'capabilities :: version']) {
				assert.deepEqual(parseBanner(readCapture(file, part)), {driverVersion, cudaVersion}, `${file} ${part}`);
			}
		}
	});

	test('no line of a table is taken for a row', () => {
		for (const file of captures) {
			for (const line of readCapture(file, 'load :: nvidia-smi').split('\n')) {
				assert.equal(parseRow(line, streamFields), undefined, line);
			}
		}
	});

	test('processes under load', () => {
		const lines = readCapture('h100-80gb-hbm3-590.48.01', 'load :: query-compute-apps').trim().split('\n').slice(1);
		const ours = lines.map((line) => line.split(', ').slice(4).join(', ').replace(/ MiB$/, ''));
		assert.deepEqual(
			ours.map(parseProcessRow).map((found) => [found?.pid, found?.name, found?.usedMemoryMiB]),
			[
				[11327, '/root/tools/memhog', 2566],
				[11328, '/root/tools/memhog', 1542],
				[11345, './gpu_burn', 15690],
			],
		);
	});

	test('MIG slices', () => {
		const slices = parseMig(readCapture('h100-mig-590.48.01', 'capabilities :: list'));
		assert.deepEqual(
			slices.get('GPU-00000000-0000-0000-0000-000000000000')?.map(({profile}) => profile),
			['3g.40gb', '2g.20gb', '1g.10gb', '1g.10gb'],
		);
		assert.deepEqual(
			slices.get('GPU-00000000-0000-0000-0000-000000000000')?.[3]?.uuid,
			'MIG-00000003-0000-0000-0000-000000000003',
		);
		assert.deepEqual([...parseMig(readCapture('l40s-595.80', 'capabilities :: list')).values()], [[]]);
	});
});

describe('special machines', () => {
	const fields = [
		'index',
		'uuid',
		'pci.bus_id',
		'driver_version',
		'compute_cap',
		'memory.total',
		'mig.mode.current',
		'persistence_mode',
		'power.limit',
		'name',
	];
	const facts = (line: string) => {
		const row = parseRow(line, fields);
		assert.ok(row, line);
		return factsOf(row);
	};

	test('unified memory (GB10): no memory size, no power limit', () => {
		const gpu = facts(
			'0, GPU-6f1a0001-aaaa-bbbb-cccc-000000000001, 0000000F:01:00.0, 580.126.09, 12.1, [N/A], [N/A], Disabled, [N/A], NVIDIA GB10',
		);
		assert.equal(gpu.memoryTotalMiB, null);
		assert.equal(gpu.powerLimit, null);
		assert.equal(gpu.computeCapability, '12.1');
	});

	test('Jetson: everything unknown, the index stands for the UUID', () => {
		const gpu = facts('0, [N/A], [N/A], 540.4.0, [N/A], [N/A], [N/A], [N/A], [N/A], Orin (nvgpu)');
		assert.equal(gpu.uuid, '0');
		assert.equal(gpu.busId, null);
		assert.equal(gpu.computeCapability, null);
	});

	test('Jetson in a container: the table has no driver version', () => {
		assert.deepEqual(parseBanner('| NVIDIA-SMI 540.3.1     Driver Version: N/A     CUDA Version: 12.2     |'), {
			driverVersion: null,
			cudaVersion: '12.2',
		});
	});

	test('vGPU: the name is the profile, no temperature', () => {
		const gpu = facts('0, GPU-1, 00000000:02:00.0, 570.86.10, 8.6, 49152, [N/A], Enabled, [N/A], NVIDIA A40-48Q');
		assert.equal(gpu.name, 'NVIDIA A40-48Q');
		const row = parseRow('0, [N/A], 3', ['index', 'temperature.gpu', 'utilization.gpu']);
		assert.ok(row);
		assert.equal(sampleOf(row).temperature, null);
		assert.equal(sampleOf(row).utilization, 3);
	});

	test('WSL: the driver version is that of Windows', () => {
		assert.deepEqual(parseBanner('| NVIDIA-SMI 615.78.02      KMD Version: 617.14      CUDA UMD Version: 13.4     |'), {
			driverVersion: '617.14',
			cudaVersion: '13.4',
		});
	});

	test('MIG profile with media extensions, old spelling of the UUID', () => {
		const text = 'GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-a)\n  MIG 1g.10gb+me  Device  0: (UUID: MIG-GPU-a/7/0)\n';
		assert.deepEqual(parseMig(text).get('GPU-a'), [{uuid: 'MIG-GPU-a/7/0', profile: '1g.10gb+me'}]);
	});

	test('a card that needs a reset is faulty, its cells are unknown', () => {
		const row = parseRow('0, [GPU requires reset], [GPU requires reset], 0', [
			'index',
			'utilization.gpu',
			'temperature.gpu',
			'memory.used',
		]);
		assert.ok(row);
		assert.equal(isFaulty(row), true);
		assert.equal(sampleOf(row).utilization, null);
	});
});

describe('rows', () => {
	test('a comma in the name of a card stays in the name', () => {
		const row = parseRow('3, GPU-3, Card, 2nd edition', ['index', 'uuid', 'name']);
		assert.equal(row?.get('name'), 'Card, 2nd edition');
	});

	test('control sequences in a name are dropped', () => {
		const row = parseRow('3, GPU-3, \u001B[2J\u001B]0;title\u0007NVIDIA\u0000 L4\u009B31m', ['index', 'uuid', 'name']);
		assert.equal(row?.get('name'), 'NVIDIA L4');
	});

	for (const line of [
		'',
		'No devices were found',
		'0',
		'0, 1',
		'0, 1, 2, 3',
		'-1, 2, 3',
		'x, 2, 3',
		'1.5, 2, 3',
		'99999, 2, 3',
	]) {
		test(`"${line}" is no row of three`, () => {
			assert.equal(parseRow(line, ['index', 'memory.used', 'memory.total']), undefined);
		});
	}

	test('processes: commas in names, unknown memory, hostile names', () => {
		assert.deepEqual(parseProcessRow('GPU-1, 42, python, -c, "a, b", 96073'), {
			gpuUuid: 'GPU-1',
			pid: 42,
			name: 'python, -c, "a, b"',
			usedMemoryMiB: 96073,
		});
		assert.equal(parseProcessRow('GPU-1, 42, a\u001B[31mb, [N/A]')?.name, 'ab');
		assert.equal(parseProcessRow('GPU-1, 42, x, [Insufficient Permissions]')?.usedMemoryMiB, null);
		for (const line of ['', 'No running processes found', 'GPU-1, [N/A], x, 1', 'GPU-1, 42, 1', 'GPU lost, 4, x, 1']) {
			assert.equal(parseProcessRow(line), undefined, line);
		}
	});

	test('the rejected field', () => {
		assert.equal(rejectedField('Field "compute_cap" is not a valid field to query.\n'), 'compute_cap');
		assert.equal(rejectedField('0, GPU-1'), undefined);
	});
});

test('no text makes the parsers throw, and no number comes from what is none', () => {
	fc.assert(
		fc.property(fc.string({unit: 'binary', maxLength: 200}), (text) => {
			parseBanner(text);
			parseMig(text);
			parseProcessRow(text);
			const row = parseRow(`0, ${text}`, streamFields);
			if (row) {
				sampleOf(row);
				factsOf(row);
			}

			const number = figureOf('power.draw', text);
			assert.ok(number === null || Number.isFinite(number));
		}),
	);
});
