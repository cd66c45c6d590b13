import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';

type Sanitize = (text: string) => string;
const {default: ours} = (await import('../../tools/shims/sanitize-ansi.mjs' as string)) as {default: Sanitize};
const {default: inks} = (await import('../../node_modules/ink/build/sanitize-ansi.js' as string)) as {
	default: Sanitize;
};

const parts = [
	...['a', '█ ─ ▸', '宽', 'e\u0301', '\u0301', '\u00AD', '\n', '\t', '\u0007', '\u009B31m', '\u001B'],
	...['\u001B[31m', '\u001B[m', '\u001B[;1m', '\u001B[4:3m', '\u001B[38:2:1:2:3m', '\u001B[2J', '\u001B]8;;x\u0007'],
];

test('what is left of a text is what Ink itself leaves of it', () => {
	fc.assert(
		fc.property(
			fc.array(fc.constantFrom(...parts), {maxLength: 6}).map((some) => some.join('')),
			(text) => {
				assert.equal(ours(text), inks(text));
			},
		),
		{numRuns: 2000},
	);
});
