import assert from 'node:assert/strict';
import {createHash} from 'node:crypto';
import {test} from 'node:test';
import fc from 'fast-check';
import {hashOf} from '../../source/base/hash.ts';
import {fromDevice, randomHex} from '../../source/base/random.ts';

test("a text's hash is its SHA-256 in UTF-8", () => {
	fc.assert(
		fc.property(fc.string({unit: 'binary', maxLength: 300}), (text) => {
			assert.equal(hashOf(text), createHash('sha256').update(text).digest('hex'));
		}),
	);
});

test('random digits are as many as asked for, and other ones each time', () => {
	assert.match(randomHex(16), /^[0-9a-f]{32}$/);
	assert.equal(new Set(Array.from({length: 50}, () => randomHex(5))).size, 50);
});

test('a file in the place of the device, or none, is not taken for it', () => {
	assert.equal(fromDevice('/dev/urandom', 16)?.length, 16);
	for (const path of ['/nowhere', '/dev/null', '/proc/self/exe', '/dev']) {
		assert.equal(fromDevice(path, 16), undefined, path);
	}
});
