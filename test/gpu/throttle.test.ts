import assert from 'node:assert/strict';
import {test} from 'node:test';
import {isIdle, isThrottled, reasonsInWords, throttleReasonsOf} from '../../source/gpu/throttle.ts';

test('the bits are read as nvidia-smi prints them', () => {
	assert.equal(throttleReasonsOf('0x0000000000000004'), 4);
	assert.equal(throttleReasonsOf('0x00000000000001FF'), 511);
	for (const cell of ['[N/A]', 'Active', '', '4', undefined, '0x', '0x00000000000000040']) {
		assert.equal(throttleReasonsOf(cell), null, String(cell));
	}
});

test('reasons in words; idleness is none', () => {
	assert.deepEqual(reasonsInWords(0), []);
	assert.deepEqual(reasonsInWords(1), []);
	assert.ok(isIdle(1));
	assert.deepEqual(reasonsInWords(4), ['power limit']);
	assert.deepEqual(reasonsInWords(0x4 | 0x20), ['power limit', 'temperature (driver)']);
	assert.deepEqual(reasonsInWords(0x8), ['hardware slowdown']);
	assert.ok(isThrottled(0x8));
	assert.ok(!isThrottled(0x1));
});

test('what the hardware says more exactly replaces its general word', () => {
	assert.deepEqual(reasonsInWords(0x8 | 0x40), ['temperature (hardware)']);
	assert.deepEqual(reasonsInWords(0x8 | 0x80), ['power brake of the power supply']);
});

test('a reason of a newer driver is told as its number', () => {
	assert.deepEqual(reasonsInWords(0x4 | 0x1000), ['power limit', 'unknown reason 0x1000']);
});
