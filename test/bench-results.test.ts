import assert from 'node:assert/strict';
import {readFile} from 'node:fs/promises';
import test from 'node:test';
import {holds, plainFigure, ratioFigure} from '../bench/figure.ts';
import {inPairs, median, quartiles} from '../bench/measure.ts';
import {type Circumstances, type Results, renderResults} from '../bench/results.ts';

const bench = (name: string) => readFile(new URL(`../bench/${name}`, import.meta.url), 'utf8');

test('bench/results.md shows what bench/results.json has', async () => {
	const results = JSON.parse(await bench('results.json')) as Results;
	assert.equal(await bench('results.md'), renderResults(results), 'write both with npm run bench');
});

test('quartiles lie between values in proportion', () => {
	assert.equal(median([3, 1, 2]), 2);
	assert.equal(median([4, 1, 2, 3]), 2.5);
	assert.deepEqual(quartiles([5, 1, 2, 4, 3]), [2, 4]);
	assert.deepEqual(quartiles([7]), [7, 7]);
});

test('pairs are taken in turns, each first as often', async () => {
	const order: string[] = [];
	const measure = (name: string) => async () => order.push(name);
	const pairs = await inPairs(2, measure('a'), measure('b'));
	assert.deepEqual(order, ['a', 'b', 'a', 'b', 'b', 'a']);
	assert.deepEqual(pairs, [
		{ours: 3, reference: 4},
		{ours: 6, reference: 5},
	]);
});

test('a ratio is the median of pairs, not of all values', () => {
	const pairs = [
		{ours: 10, reference: 10},
		{ours: 30, reference: 20},
		{ours: 200, reference: 100},
	];
	const figure = ratioFigure({name: 'x', reference: 'y', unit: 'ms', limit: 1.4}, pairs);
	assert.equal(figure.median, 30);
	assert.equal(figure.referenceMedian, 20);
	assert.equal(figure.ratio, 1.5);
	assert.deepEqual(figure.quartiles, [1.25, 1.75]);
	assert.equal(holds(figure), false);
	assert.equal(holds({...figure, limit: 1.5}), true);
});

test('what was not measured neither holds nor fails', () => {
	const nothing = plainFigure({name: 'keys', unit: 'ms', limit: 30}, []);
	assert.equal(holds(nothing), undefined);
	assert.equal(holds(plainFigure({name: 'lines', unit: 'lines/s', atLeast: 10}, [9])), false);
	assert.equal(holds(plainFigure({name: 'memory', unit: 'MiB'}, [9])), undefined);
	assert.match(renderResults({keys: {circumstances, figures: [nothing]}}), /\| keys \| not measured \|/);
});

test('figures of several days are shown each with theirs', () => {
	const figures = [plainFigure({name: 'memory', unit: 'MiB', limit: 10, note: 'after an hour'}, [9, 10, 12])];
	const text = renderResults({
		rest: {circumstances, figures},
		keys: {circumstances: {...circumstances, date: '2026-02-01', engine: '29.0.0'}, figures},
	});
	assert.match(text, /2026-01-31: Some processor, 8 CPUs/);
	assert.match(text, /2026-02-01: .*Docker Engine 29\.0\.0/);
	assert.match(text, /\| memory \| 10\.0 MiB \| {2}\| {2}\| \[9\.50–11\.0\] \| ≤ 10 \| yes \|/);
	assert.match(text, /- memory: after an hour/);
});

const circumstances: Circumstances = {
	date: '2026-01-31',
	processor: 'Some processor',
	processors: 8,
	memoryGiB: 64,
	system: 'Some Linux',
	node: '24.0.0',
	gpubox: '0.1.0',
	load: 0.1,
};
