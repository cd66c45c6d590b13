import assert from 'node:assert/strict';
import {test} from 'node:test';
import {createLogHits} from '../../../../source/session/state/log/log-hits.ts';

test('every match is found by its number and by its time', () => {
	const hits = createLogHits();
	for (let number = 0; number < 5000; number += 1) {
		hits.add(number * 10, number * 3);
	}

	assert.equal(hits.count, 5000);
	assert.deepEqual(hits.at(1234), {number: 1234, time: 12_340, line: 3702});
	assert.equal(hits.at(5000), undefined);
	assert.equal(hits.at(-1), undefined);
	assert.deepEqual([hits.before(0), hits.before(5), hits.before(12_340), hits.before(1e9)], [0, 1, 1234, 5000]);
});

test('more than there is room for are thinned, and the last one stays', () => {
	const hits = createLogHits(100);
	for (let number = 0; number < 100_001; number += 1) {
		hits.add(number, number);
	}

	assert.equal(hits.count, 100_001);
	assert.equal(hits.at(0)?.number, 0);
	assert.equal(hits.at(100_000)?.number, 100_000);
	const middle = hits.at(50_000);
	assert.ok(middle && middle.number <= 50_000 && middle.number > 50_000 - 4096 && middle.time === middle.number);
	assert.ok(Math.abs(hits.before(50_000) - 50_000) < 4096);
});

test('a time that goes back does not put the matches out of order', () => {
	const hits = createLogHits();
	for (const time of [10, 30, 20, 40]) {
		hits.add(time, 0);
	}

	assert.deepEqual([hits.before(11), hits.before(31), hits.before(41)], [1, 3, 4]);
});
