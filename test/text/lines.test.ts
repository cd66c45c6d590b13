import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import fc from 'fast-check';
import {LineSplitter} from '../../source/text/lines.ts';

describe('lines', () => {
	test('where the pieces are cut does not matter', () => {
		fc.assert(
			fc.property(
				fc.array(fc.string({unit: fc.constantFrom('a', ',', ' ', '\u001B', 'é', '\r'), maxLength: 12})),
				fc.array(fc.nat(40)),
				(lines, cuts) => {
					const text = lines.map((line) => `${line}\n`).join('');
					const whole = new LineSplitter().push(text);
					const splitter = new LineSplitter();
					const found: string[] = [];
					let at = 0;
					for (const cut of cuts) {
						found.push(...splitter.push(text.slice(at, at + cut)));
						at += cut;
					}

					found.push(...splitter.push(text.slice(at)), ...splitter.end());
					assert.deepEqual(found, whole);
					assert.equal(found.length, lines.length);
				},
			),
		);
	});

	test('a last line without an end, and CRLF', () => {
		const splitter = new LineSplitter();
		assert.deepEqual(splitter.push('one\r\ntwo'), ['one']);
		assert.deepEqual(splitter.end(), ['two']);
		assert.deepEqual(splitter.end(), []);
	});

	test('a line without end does not grow for ever', () => {
		const splitter = new LineSplitter({max: 65_536});
		for (let piece = 0; piece < 100; piece++) {
			splitter.push('x'.repeat(10_000));
		}

		assert.equal(splitter.end()[0]?.length, 65_536);
	});

	test('one that is broken is handed on in pieces, and nothing of it is lost', () => {
		const splitter = new LineSplitter({max: 4, tooLong: 'break'});
		assert.deepEqual(splitter.push('abcd'), []);
		assert.equal(splitter.pending, 4);
		assert.deepEqual(splitter.push('ef'), ['abcdef']);
		assert.deepEqual(splitter.push('g\nhi'), ['g']);
		assert.deepEqual(splitter.end(), ['hi']);
	});

	test('what is skipped is not looked at, but the line after it is whole', () => {
		const splitter = new LineSplitter();
		splitter.push('a');
		splitter.discard('b\nc\nd');
		assert.deepEqual(splitter.push('e\n'), ['de']);
	});
});
