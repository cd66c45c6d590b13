import assert from 'node:assert/strict';
import {test} from 'node:test';
import {createBackoff} from '../../source/base/backoff.ts';

test('each wait is twice the one before, up to the longest, until something works', () => {
	const backoff = createBackoff({firstMs: 1000, longestMs: 5000});
	const next = (count: number) => Array.from({length: count}, () => backoff.next());
	assert.deepEqual(next(5), [1000, 2000, 4000, 5000, 5000]);
	backoff.reset();
	assert.deepEqual(next(2), [1000, 2000]);
});
