import assert from 'node:assert/strict';
import {test} from 'node:test';
import {scroll, topOf} from '../../../../source/session/state/log/log-position.ts';

const lines = (first: number, end: number, rowsOf = (_line: number) => 1) => ({first, end, rowsOf});

test('a reader who scrolled back stays at the line while new ones come', () => {
	const position = scroll(lines(0, 100), 'follow', -10, 20);
	assert.deepEqual(position, {line: 70, row: 0});
	assert.deepEqual(topOf(lines(0, 500), position, 20), {line: 70, row: 0});
	assert.deepEqual(topOf(lines(90, 500), position, 20), {line: 90, row: 0});
});

test('scrolling to the end follows again; the start is the oldest line', () => {
	const log = lines(40, 100);
	assert.equal(scroll(log, {line: 70, row: 0}, 10, 20), 'follow');
	assert.equal(scroll(log, {line: 70, row: 0}, Number.POSITIVE_INFINITY, 20), 'follow');
	assert.deepEqual(scroll(log, 'follow', Number.NEGATIVE_INFINITY, 20), {line: 40, row: 0});
	assert.deepEqual(topOf(log, 'follow', 20), {line: 80, row: 0});
	assert.equal(scroll(lines(0, 3), 'follow', -5, 20), 'follow');
});

test('a wrapped line is walked row by row, and one longer than the screen is seen whole', () => {
	const log = lines(-2, 3, (line) => (line === 0 ? 7 : 1));
	assert.deepEqual(topOf(log, 'follow', 5), {line: 0, row: 4});
	assert.deepEqual(scroll(log, 'follow', -1, 5), {line: 0, row: 3});
	assert.deepEqual(scroll(log, 'follow', -5, 5), {line: -1, row: 0});
	assert.deepEqual(scroll(log, {line: -1, row: 0}, 3, 5), {line: 0, row: 2});
	assert.equal(scroll(log, {line: 0, row: 2}, 2, 5), 'follow');
});
