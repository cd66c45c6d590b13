import assert from 'node:assert/strict';
import {test} from 'node:test';
import {formatTime} from '../../source/text/time.ts';

test('a moment is told in the time zone of the machine, to the minute', () => {
	assert.equal(formatTime(new Date(2026, 0, 3, 4, 5, 59)), '2026-01-03 04:05');
});
