import assert from 'node:assert/strict';
import {test} from 'node:test';
import {makeLiveLines} from '../../../source/commands/output/live-lines.ts';

test('what was drawn is erased before anything else is written', () => {
	const writes: string[] = [];
	const live = makeLiveLines({write: (text: string) => writes.push(text) > 0});
	live.clear();
	live.draw(['one']);
	live.draw(['one', 'two', 'three']);
	live.say('stays');
	live.draw(['four']);
	live.clear();
	live.clear();
	assert.deepEqual(writes, [
		'one',
		'\r\u001B[Jone\ntwo\nthree',
		'\r\u001B[2A\u001B[J',
		'stays\n',
		'four',
		'\r\u001B[J',
	]);
});
