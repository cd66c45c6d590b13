import assert from 'node:assert/strict';
import {test} from 'node:test';
import {fuzzyFilter, fuzzyScore} from '../../../source/text/match/fuzzy.ts';
import {splitWords} from '../../../source/text/split-words.ts';

const best = (typed: string, texts: string[]) => fuzzyFilter(typed, texts, (text) => text);

test('what matches has all characters in their order, in any case', () => {
	assert.deepEqual(best('stp', ['gpubox stop', 'gpubox pull', 'Setup']), ['gpubox stop', 'Setup']);
	assert.equal(fuzzyScore('pts', 'stop'), undefined);
	assert.equal(fuzzyScore('STOP', 'gpubox stop') === undefined, false);
});

test('the beginning of a word and characters in a row come first', () => {
	assert.deepEqual(best('st', ['last', 'stop']), ['stop', 'last']);
	assert.equal(best('log', ['a long catalogue', 'Log of the box'])[0], 'Log of the box');
	assert.equal(best('rs', ['runs', 'Restart alice-sd', 'gpubox rm start'])[0], 'gpubox rm start');
});

test('with nothing typed everything stays in its order; one that is long is found soon', () => {
	assert.deepEqual(best('', ['b', 'a']), ['b', 'a']);
	const started = performance.now();
	fuzzyScore('aaaaaaaaab', 'a'.repeat(10_000));
	assert.ok(performance.now() - started < 2000);
});

test('a line is split as a shell does', () => {
	assert.deepEqual(splitWords(`logs -f  'my box' a"b c"d e\\ f`), ['logs', '-f', 'my box', 'ab cd', 'e f']);
	assert.deepEqual(splitWords(`run -- sh -c "echo \\"hi\\" \\$x"`), ['run', '--', 'sh', '-c', 'echo "hi" $x']);
	assert.deepEqual(splitWords(`a '' ""`), ['a', '', '']);
	assert.deepEqual(splitWords(''), []);
	for (const open of [`it's`, '"', 'end\\']) {
		assert.equal(splitWords(open), undefined);
	}
});
