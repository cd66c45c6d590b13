import assert from 'node:assert/strict';
import {test} from 'node:test';
import {Failure} from '../../source/base/failure.ts';
import {accountHome, homeFolder} from '../../source/base/home.ts';
import {findPaths} from '../../source/host/user.ts';

test('without HOME, or with an empty one, the home is that of the account', () => {
	assert.equal(homeFolder({}), accountHome() ?? '/');
	assert.equal(homeFolder({HOME: ''}), accountHome() ?? '/');
	assert.ok(findPaths({HOME: ''}).state.startsWith('/'));
	assert.equal(homeFolder({HOME: '/home/ann'}), '/home/ann');
});

test('a HOME that is no absolute path is told', () => {
	for (const HOME of ['home/ann', '.', '~']) {
		assert.throws(
			() => findPaths({HOME}),
			(error) => error instanceof Failure && error.exitCode === 2 && error.message.startsWith(`HOME is "${HOME}"`),
		);
	}
});
