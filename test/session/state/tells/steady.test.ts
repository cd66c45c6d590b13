import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import fc from 'fast-check';
import {nothingYet, type Steady, steady} from '../../../../source/session/state/tells/steady.ts';

const patience = {raiseMs: 5000, clearMs: 15_000, isSame: (a: string, b: string) => a === b};

/** What is shown after each of these, one a second. */
function shownAfter(found: Array<string | undefined>): Array<string | undefined> {
	let state: Steady<string> = nothingYet;
	return found.map((each, second) => {
		state = steady(state, each, second * 1000, patience);
		return state.shown;
	});
}

describe('what is shown', () => {
	test('comes after it was there for a while, and goes after it was gone for longer', () => {
		const shown = shownAfter([...Array(10).fill('a'), ...Array(20).fill(undefined)]);
		assert.equal(shown.indexOf('a'), 5);
		assert.equal(shown.lastIndexOf('a'), 24);
	});

	test('does not come for what is there for a moment, or now and then', () => {
		const often = Array.from({length: 100}, (_, second) => (second % 4 === 3 ? undefined : 'a'));
		assert.ok(shownAfter(often).every((each) => each === undefined));
	});

	test('never flickers, whatever is found', () => {
		fc.assert(
			fc.property(fc.array(fc.option(fc.constantFrom('a', 'b', 'c'), {nil: undefined}), {maxLength: 300}), (found) => {
				const shown = shownAfter(found);
				const changes = shown.flatMap((each, second) => (each === shown[second - 1] ? [] : [second]));
				for (const [place, second] of changes.entries()) {
					const before = changes[place - 1];
					assert.ok(before === undefined || second - before >= 5);
				}

				// What is shown was found not long ago.
				for (const [second, each] of shown.entries()) {
					assert.ok(
						each === undefined || found.slice(Math.max(0, second - 16), second + 1).some((one) => one === each),
					);
				}
			}),
		);
	});

	test('is, in the end, what is found', () => {
		fc.assert(
			fc.property(
				fc.array(fc.option(fc.constantFrom('a', 'b'), {nil: undefined}), {maxLength: 50}),
				fc.option(fc.constantFrom('a', 'b'), {nil: undefined}),
				(found, last) => {
					assert.equal(shownAfter([...found, ...Array(40).fill(last)]).at(-1), last);
				},
			),
		);
	});
});
