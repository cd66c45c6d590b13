import assert from 'node:assert/strict';
import test from 'node:test';

const {FrameCache} = await import('../../tools/shims/frame-cache.mjs' as string);

test('what a frame asked for is there in the next one, and what it did not ask for is gone after it', () => {
	const cache = new FrameCache();
	cache.set('same', 1);
	cache.set('once', 2);
	cache.turn();
	assert.equal(cache.get('same'), 1);
	cache.turn();
	assert.equal(cache.get('same'), 1);
	assert.equal(cache.get('once'), undefined);
});
