import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {diffLines, formatDiff} from '../../source/text/line-diff.ts';

test('a comparison shows what changed with the lines around it', () => {
	const before = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].join('\n');
	const after = ['a', 'b', 'c', 'd', 'E', 'f', 'g', 'h'].join('\n');
	assert.deepEqual(formatDiff(diffLines(before, after), 1), ['…', '  d', '- e', '+ E', '  f', '  g', '+ h']);
});

test('either side gives its text back, and equal texts have no changes', () => {
	const texts = fc.array(fc.constantFrom('a', 'b', 'c', ''), {maxLength: 12}).map((lines) => lines.join('\n'));
	fc.assert(
		fc.property(texts, texts, (before, after) => {
			const lines = diffLines(before, after);
			const without = (mark: string) =>
				lines
					.filter((line) => line.mark !== mark)
					.map(({text}) => text)
					.join('\n');
			assert.equal(without('+'), before);
			assert.equal(without('-'), after);
			assert.equal(
				lines.every(({mark}) => mark === ' '),
				before === after,
			);
		}),
	);
});
