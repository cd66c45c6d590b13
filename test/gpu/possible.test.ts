import assert from 'node:assert/strict';
import {test} from 'node:test';
import {streamFields} from '../../source/gpu/fields.ts';
import {viewGpus} from '../../source/gpu/live.ts';
import {factsOf, parseProcessRow, parseRow, sampleOf} from '../../source/gpu/parse.ts';

const good: Record<string, string> = {
	index: '0',
	uuid: 'GPU-1',
	'utilization.gpu': '94',
	'utilization.memory': '40',
	'memory.used': '68812',
	'memory.total': '81559',
	'temperature.gpu': '61',
	'power.draw': '640.10',
	'power.draw.instant': '650.00',
	'enforced.power.limit': '700.00',
	'clocks.current.sm': '1980',
	'clocks.current.memory': '2619',
	'fan.speed': '104',
	pstate: 'P0',
};
const rowOf = (cells: Record<string, string>) => {
	const row = parseRow(streamFields.map((field) => ({...good, ...cells})[field]).join(', '), streamFields);
	assert.ok(row);
	return row;
};
const member: Record<string, keyof ReturnType<typeof sampleOf>> = {
	'utilization.gpu': 'utilization',
	'utilization.memory': 'memoryUtilization',
	'memory.used': 'memoryUsedMiB',
	'memory.total': 'memoryTotalMiB',
	'temperature.gpu': 'temperature',
	'enforced.power.limit': 'powerLimit',
	'clocks.current.sm': 'clockSm',
	'clocks.current.memory': 'clockMemory',
	'fan.speed': 'fanSpeed',
};

for (const [field, name] of Object.entries(member)) {
	test(`${field}: what can be is kept, what cannot be is no reading`, () => {
		assert.equal(sampleOf(rowOf({}))[name], Number(good[field]));
		for (const wild of ['808334905', '17179869184', '4294967295', '-101', '18446744073709551615']) {
			const sample = sampleOf(rowOf({[field]: wild}));
			assert.equal(sample[name], null, wild);
			assert.equal(sample.performanceState, 'P0', 'the others count');
		}
	});
}

test('watts: the other of the two fields counts', () => {
	assert.equal(sampleOf(rowOf({'power.draw': '4294967.29'})).powerDraw, 650);
	assert.equal(sampleOf(rowOf({'power.draw': '-1', 'power.draw.instant': '99999'})).powerDraw, null);
});

test('255 °C, 101 %, more memory than there is, P99', () => {
	assert.equal(sampleOf(rowOf({'temperature.gpu': '255'})).temperature, null);
	assert.equal(sampleOf(rowOf({'utilization.gpu': '101'})).utilization, null);
	assert.equal(sampleOf(rowOf({'memory.used': '81560'})).memoryUsedMiB, null);
	assert.equal(sampleOf(rowOf({'memory.used': '81559'})).memoryUsedMiB, 81_559);
	assert.equal(sampleOf(rowOf({pstate: 'P99'})).performanceState, null);
});

test('memory is compared with the total of the inventory where the reading has none', () => {
	const sample = sampleOf(rowOf({'memory.total': '[N/A]', 'memory.used': '90000'}));
	const fields = ['index', 'uuid', 'memory.total', 'name'];
	const row = parseRow('0, GPU-1, 81559, NVIDIA H100', fields);
	assert.ok(row);
	const [view] = viewGpus([factsOf(row)], {samples: [sample], messages: []});
	assert.deepEqual([view?.memoryUsedMiB, view?.memoryTotalMiB], [null, 81_559]);
});

test('a process: memory that cannot be, names that are none', () => {
	assert.equal(parseProcessRow('GPU-1, 42, python, 17592186044415')?.usedMemoryMiB, null);
	for (const name of ['[Not Found]', '[Insufficient Permissions]', '[N/A]', '-', '']) {
		assert.equal(parseProcessRow(`GPU-1, 42, ${name}, 100`)?.name, null, name);
	}
});
