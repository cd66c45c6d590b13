import assert from 'node:assert/strict';
import {test} from 'node:test';
import {stripVTControlCharacters} from 'node:util';
import fc from 'fast-check';
import stringWidth from 'string-width';
import {createMatcher} from '../../../../../source/session/state/log/text/log-query.ts';
import {
	fromColumn,
	markedLine,
	plainLine,
	rowsOf,
	wrapRow,
} from '../../../../../source/session/state/log/text/log-rows.ts';

const esc = '\u001B';
const matcher = (text: string) => createMatcher({text, inverse: false});

test('of control sequences only colours and weights stay', () => {
	const line = `${esc}[31;5;8;7mred${esc}[0m ${esc}[2J${esc}]0;title\u0007${esc}[38;5;300mx${esc}[38;2;1;2;3my${esc}[48;5mz`;
	const shown = markedLine(line, undefined);
	assert.equal(shown, `${esc}[31mred${esc}[0m x${esc}[38;2;1;2;3myz${esc}[0m`);
	assert.equal(plainLine(line), 'red xyz');
});

test('matches are marked, also across colours', () => {
	assert.equal(markedLine('one two', matcher('two')), `one ${esc}[7mtwo${esc}[27m`);
	assert.equal(
		markedLine(`${esc}[31mER${esc}[0mROR here`, matcher('error')),
		`${esc}[31m${esc}[7mER${esc}[0m${esc}[7mROR${esc}[27m here${esc}[0m`,
	);
});

test('a wrapped line loses nothing and no row is too wide', () => {
	fc.assert(
		fc.property(
			fc.array(fc.oneof(fc.constantFrom('a', ' ', '漢', '👩‍🚀', `${esc}[31m`, `${esc}[0m`), fc.string({maxLength: 4}))),
			fc.integer({min: 2, max: 12}),
			(parts, width) => {
				const line = markedLine(parts.join(''), undefined);
				const rows = wrapRow(line, width);
				assert.equal(rows.map(stripVTControlCharacters).join(''), stripVTControlCharacters(line));
				for (const row of rows) {
					assert.ok(stringWidth(row) <= width || !/^[\u0020-\u007E漢]*$/.test(stripVTControlCharacters(row)), row);
				}

				assert.equal(rowsOf(parts.join(''), 0, width), rows.length);
			},
		),
	);
});

test('the colours of a line go on in its next row', () => {
	assert.deepEqual(wrapRow(`${esc}[31mabcd${esc}[0m`, 2), [`${esc}[31mab${esc}[0m`, `${esc}[31mcd${esc}[0m`]);
	assert.deepEqual(wrapRow('', 5), ['']);
	assert.equal(rowsOf('x'.repeat(21), 4, 14), 3);
});

test('a line from a column on', () => {
	assert.equal(fromColumn('abcdef', 2), 'cdef');
	assert.equal(fromColumn('漢字x', 2), '字x');
	assert.equal(fromColumn('漢字x', 1), '字x');
	assert.equal(fromColumn(`${esc}[31mabc${esc}[0m`, 2), `${esc}[31mc${esc}[0m`);
	assert.equal(fromColumn('ab', 5), '');
});
