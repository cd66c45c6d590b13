import assert from 'node:assert/strict';
import {test} from 'node:test';
import {parseRange} from '../../../../../source/session/state/log/text/log-range.ts';

const now = new Date(2026, 0, 31, 12, 0, 0);
const at = (hours: number, minutes = 0, day = 31) => new Date(2026, 0, day, hours, minutes);
const of = (text: string) => parseRange(text, now);

test('durations, times of day and dates', () => {
	assert.deepEqual(of('10m'), {since: at(11, 50), until: undefined});
	assert.deepEqual(of('09:30'), {since: at(9, 30), until: undefined});
	assert.deepEqual(of('09:30-10:15'), {since: at(9, 30), until: at(10, 15)});
	assert.deepEqual(of(' 2h - 1h '), {since: at(10), until: at(11)});
	assert.deepEqual(of('..09:30'), {since: undefined, until: at(9, 30)});
	assert.deepEqual(of('2026-01-30T09:00..2026-01-30T10:00'), {since: at(9, 0, 30), until: at(10, 0, 30)});
});

test('a time of day is the last one that is over', () => {
	assert.deepEqual(of('23:30'), {since: at(23, 30, 30), until: undefined});
	assert.deepEqual(of('23:30-00:15'), {since: at(23, 30, 30), until: at(0, 15)});
});

test('what is no range', () => {
	for (const text of ['', 'soon', '25:00', '10:61', '..', '1h..2h', '09..10..11', '5']) {
		assert.equal(of(text), undefined, text);
	}
});
