import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {
	charactersOf,
	type Edit,
	edit,
	emptyField,
	type Field,
	insert,
	textOf,
} from '../../../../source/session/state/setup/field.ts';

const typed = (text: string, ...edits: Edit[]): Field => edits.reduce(edit, insert(emptyField, text));

test('a character is what a person takes for one', () => {
	assert.equal(textOf(typed('/e\u0301', 'backspace')), '/');
	assert.equal(textOf(typed('/👩‍👩‍👧‍👦', 'backspace')), '/');
	assert.equal(textOf(typed('/漢字', 'backspace')), '/漢');
	assert.equal(textOf(typed('a👩‍👩‍👧‍👦b', 'left', 'left', 'delete')), 'ab');
});

test('what is typed goes to the cursor', () => {
	assert.equal(textOf(insert(typed('/dta', 'left', 'left'), 'a')), '/data');
	assert.equal(textOf(insert(typed('data', 'home'), '/')), '/data');
	assert.deepEqual(typed('/data', 'home', 'right', 'end'), {before: '/data', after: ''});
	assert.deepEqual(typed('/data', 'left', 'clear'), {before: '', after: 'a'});
});

test('a word of a path ends at its slash', () => {
	assert.equal(textOf(typed('/data/imagenet', 'word')), '/data/');
	assert.equal(textOf(typed('/data/imagenet/', 'word')), '/data/');
	assert.equal(textOf(typed('', 'word')), '');
});

test('no text grows without end', () => {
	const long = insert(typed('x'.repeat(1000)), '👩‍👩‍👧‍👦'.repeat(100));
	assert.ok(textOf(long).length <= 1024);
	assert.ok(charactersOf(textOf(long)).every((character) => character === 'x' || character === '👩‍👩‍👧‍👦'));
});

test('moving never changes the text, and from the ends goes no further', () => {
	const moves = fc.array(fc.constantFrom<Edit>('left', 'right', 'home', 'end'), {maxLength: 20});
	fc.assert(
		fc.property(fc.string({unit: 'grapheme', maxLength: 40}), moves, (text, edits) => {
			assert.equal(textOf(typed(text, ...edits)), text);
		}),
	);
});

test('as many strokes as there are characters take all of them away', () => {
	fc.assert(
		fc.property(fc.string({unit: 'grapheme', maxLength: 40}), (text) => {
			let field = insert(emptyField, text);
			for (let left = charactersOf(text).length; left > 0; left -= 1) {
				field = edit(field, 'backspace');
			}

			assert.equal(textOf(field), '');
		}),
	);
});
