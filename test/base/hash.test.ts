import assert from 'node:assert/strict';
import {createHash} from 'node:crypto';
import {test} from 'node:test';
import fc from 'fast-check';
import {hashOf} from '../../source/base/hash.ts';
import {randomHex} from '../../source/base/random.ts';

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
