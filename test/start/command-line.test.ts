import assert from 'node:assert/strict';
import {test} from 'node:test';
import {asksForOverview, purposeOf, readBeginning} from '../../source/start/command-line.ts';

test('what compiled code is kept for: the verb, the session, or what the program says of itself', () => {
	const purpose = (line: string) => purposeOf(readBeginning(line.split(' ').filter((word) => word !== '')).word);
	assert.equal(purpose(''), 'session');
	assert.equal(purpose('--host gpu2'), 'session');
	assert.equal(purpose('--host gpu2 ls --json'), 'ls');
	assert.deepEqual(['-V', '--version'].map(purpose), ['version', 'version']);
	assert.deepEqual(['-h', '--help', 'help run'].map(purpose), ['help', 'help', 'help']);
	assert.deepEqual(['-h', 'help', '--version', 'ls', 'lsx', undefined].map(asksForOverview), [
		true,
		true,
		true,
		false,
		false,
		false,
	]);
});
