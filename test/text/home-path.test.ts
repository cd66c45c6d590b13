import assert from 'node:assert/strict';
import {test} from 'node:test';
import {expandHome, shortenHome} from '../../source/text/home-path.ts';

test('~ stands for the home at the beginning of a path alone', () => {
	assert.equal(expandHome('~', '/home/ann'), '/home/ann');
	assert.equal(expandHome('~/data', '/home/ann'), '/home/ann/data');
	for (const text of ['~bob/data', '/data/~', 'data', '', './~']) {
		assert.equal(expandHome(text, '/home/ann'), text);
	}
});

test('a path below the home begins with ~', () => {
	assert.equal(shortenHome('/home/ann/data', '/home/ann'), '~/data');
	assert.equal(shortenHome('/home/anna/data', '/home/ann'), '/home/anna/data');
	assert.equal(shortenHome('/data', '/home/ann'), '/data');
});
