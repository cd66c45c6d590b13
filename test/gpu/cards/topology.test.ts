import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import fc from 'fast-check';
import {readScenario, scenarioFile} from '../../../source/demo/read-scenario.ts';
import {answer} from '../../../source/demo/smi-answers.ts';
import {nearestGroup, parseTopology} from '../../../source/gpu/cards/topology.ts';

/** As the driver draws it: the head underlined, cells between tabs. Two pairs with a bridge each, one on each processor. */
const pairs = [
	'\t\u001B[4mGPU0\tGPU1\tGPU2\tGPU3\tNIC0\tCPU Affinity\tNUMA Affinity\tGPU NUMA ID\u001B[0m',
	'GPU0\t X \tNV4\tSYS\tSYS\tPIX\t0-15\t0\t\tN/A',
	'GPU1\tNV4\t X \tSYS\tSYS\tNODE\t0-15\t0\t\tN/A',
	'GPU2\tSYS\tSYS\t X \tNV4\tSYS\t16-31\t1\t\tN/A',
	'GPU3\tSYS\tSYS\tNV4\t X \tSYS\t16-31\t1\t\tN/A',
	'NIC0\tPIX\tNODE\tSYS\tSYS\t X ',
	'',
	'Legend:',
	'',
	'  X    = Self',
	'  NV#  = Connection traversing a bonded set of # NVLinks',
].join('\n');

const cards = (...indexes: number[]) => indexes.map((index) => ({index}));
const indexes = (group: Array<{index: number}>) => group.map(({index}) => index).sort((a, b) => a - b);

describe('nvidia-smi topo -m', () => {
	test('tells how near cards are', () => {
		const closeness = parseTopology(pairs);
		assert.ok(closeness(0, 1) > closeness(0, 2));
		assert.equal(closeness(2, 3), closeness(3, 2));
		assert.equal(closeness(0, 0), 0);
	});

	test('a captured one of a single card says nothing', () => {
		const text =
			'\u001B[4m\tGPU0\tCPU Affinity\tNUMA Affinity\tGPU NUMA ID\u001B[0m\nGPU0\t X \t0-19\t0\t\tN/A\n\nLegend:\n';
		assert.equal(parseTopology(text)(0, 1), 0);
	});

	test('what is no matrix leaves all equally near', () => {
		fc.assert(
			fc.property(fc.string(), (text) => {
				assert.equal(parseTopology(text)(0, 1), 0);
			}),
		);
		assert.deepEqual(indexes(nearestGroup(cards(4, 2, 7), 2, parseTopology('Unable to determine'))), [2, 4]);
	});

	test('the made-up host with eight cards draws one, too', () => {
		const scenario = readScenario(scenarioFile('workstation-8x-h100'));
		const reply = answer(scenario, ['topo', '-m']);
		assert.ok(reply.kind === 'text');
		const closeness = parseTopology(reply.text);
		assert.ok(closeness(0, 7) > 100);
	});
});

describe('several cards', () => {
	test('are taken where they are joined', () => {
		const closeness = parseTopology(pairs);
		assert.deepEqual(indexes(nearestGroup(cards(0, 1, 2, 3), 2, closeness)), [0, 1]);
		assert.deepEqual(indexes(nearestGroup(cards(0, 2, 3), 2, closeness)), [2, 3]);
		assert.deepEqual(indexes(nearestGroup(cards(0, 2, 3), 3, closeness)), [0, 2, 3]);
	});

	test('else on one NUMA node rather than across', () => {
		const closeness = parseTopology(
			'\tGPU0\tGPU1\tGPU2\nGPU0\t X \tSYS\tSYS\nGPU1\tSYS\t X \tNODE\nGPU2\tSYS\tNODE\t X ',
		);
		assert.deepEqual(indexes(nearestGroup(cards(0, 1, 2), 2, closeness)), [1, 2]);
	});

	test('as many as asked for, none twice', () => {
		const matrix = fc.array(fc.array(fc.integer({min: 0, max: 5}), {minLength: 8, maxLength: 8}), {
			minLength: 8,
			maxLength: 8,
		});
		fc.assert(
			fc.property(matrix, fc.integer({min: 1, max: 8}), (values, count) => {
				const closeness = (a: number, b: number) => values[Math.min(a, b)]?.[Math.max(a, b)] ?? 0;
				const group = nearestGroup(cards(0, 1, 2, 3, 4, 5, 6, 7), count, closeness);
				assert.equal(new Set(group).size, count);
			}),
		);
	});
});
