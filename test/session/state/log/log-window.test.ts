import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import fc from 'fast-check';
import {createLogTexts} from '../../../../source/session/state/log/log-texts.ts';
import {createLogWindow, type Line} from '../../../../source/session/state/log/log-window.ts';

const text = fc.oneof(fc.constant(''), fc.string({unit: 'grapheme', maxLength: 12}), fc.constant('x'.repeat(4000)));
const line = fc.record({text, time: fc.nat(20).map((each) => each / 4), source: fc.nat(2)}, {noNullPrototype: true});
const change = fc.oneof(
	fc.record({what: fc.constant('add' as const), lines: fc.array(line, {maxLength: 80})}),
	fc.record({what: fc.constant('prepend' as const), lines: fc.array(line, {maxLength: 80})}),
	fc.record({
		what: fc.constantFrom('oldest' as const, 'newest' as const),
		share: fc.double({min: 0, max: 1, noNaN: true}),
	}),
	fc.record({what: fc.constant('clear' as const), from: fc.integer({min: -5, max: 5})}),
);

/** At its place in time among the lines of other sources. */
function insert(lines: Line[], added: Line): void {
	let place = lines.length;
	for (; place > 0; place -= 1) {
		const before = lines[place - 1];
		if (before === undefined || before.time <= added.time || before.source === added.source) {
			break;
		}
	}

	lines.splice(place, 0, added);
}

describe('the window of a log', () => {
	test('has the lines that a list would have, with their numbers', () => {
		fc.assert(
			fc.property(fc.array(change, {maxLength: 12}), (changes) => {
				const window = createLogWindow();
				let first = 0;
				let lines: Line[] = [];
				for (const step of changes) {
					if (step.what === 'add') {
						for (const each of step.lines) {
							window.add(each);
							insert(lines, each);
						}
					} else if (step.what === 'prepend') {
						window.prepend(step.lines);
						lines = [...step.lines, ...lines];
						first -= step.lines.length;
					} else if (step.what === 'clear') {
						window.clear(step.from);
						lines = [];
						first = step.from;
					} else {
						const most = window.bytes * step.share;
						const removed = window.trim(step.what, most);
						assert.ok(window.bytes <= most || window.end - window.first <= 1);
						const count = [...removed.values()].reduce((sum, each) => sum + each, 0);
						const gone = step.what === 'oldest' ? lines.splice(0, count) : lines.splice(lines.length - count);
						first += step.what === 'oldest' ? count : 0;
						for (const source of [0, 1, 2]) {
							assert.equal(removed.get(source) ?? 0, gone.filter((each) => each.source === source).length);
						}
					}

					assert.deepEqual([window.first, window.end], [first, first + lines.length]);
					assert.deepEqual(
						lines.map((_, place) => window.at(first + place)),
						lines,
					);
					assert.deepEqual([window.at(first - 1), window.at(first + lines.length)], [undefined, undefined]);
					for (const source of [0, 1, 2]) {
						assert.equal(window.count(source), lines.filter((each) => each.source === source).length);
					}
				}
			}),
		);
	});

	test('takes a line as bytes that are overwritten later', () => {
		const window = createLogWindow();
		const data = Buffer.from('before grün after');
		window.addBytes(data, 7, 12, 1, 0);
		data.fill('x');
		assert.deepEqual(window.at(0), {text: 'grün', time: 1, source: 0});
	});

	test('finds the first line at a time, or after it', () => {
		const window = createLogWindow();
		for (const time of [1, 2, 2, 4]) {
			window.add({text: `${time}`, time, source: 0});
		}

		window.trim('oldest', window.bytes - 1);
		assert.deepEqual([0, 2, 3, 4, 5].map(window.numberAt, window), [1, 1, 3, 3, 4]);
	});
});

describe('the texts of a log', () => {
	const bytes = Buffer.from('a line of a log of some length');
	const fill = (count: number) => {
		const texts = createLogTexts();
		return {texts, places: Array.from({length: count}, () => texts.add(bytes, 0, bytes.length))};
	};

	test('are in pages that are used again', () => {
		const {texts, places} = fill(100_000);
		const most = Math.max(...places);
		for (let turn = 0; turn < 10; turn += 1) {
			for (const [row, place] of places.entries()) {
				texts.remove(place, bytes.length);
				places[row] = texts.add(bytes, 0, bytes.length);
			}
		}

		assert.ok(Math.max(...places) < 1.1 * most + 2 ** 18);
		assert.equal(texts.get(places[5] ?? 0, bytes.length), bytes.toString());
		assert.equal(texts.isSparse, false);
	});

	test('tell when few of a page are left, and can be copied to others', () => {
		const {texts, places} = fill(100_000);
		const kept = places.filter((_, row) => row % 10 === 0);
		for (const place of places.filter((_, row) => row % 10 !== 0)) {
			texts.remove(place, bytes.length);
		}

		assert.equal(texts.isSparse, true);
		const others = createLogTexts();
		const moved = kept.map((place) => texts.copyTo(others, place, bytes.length));
		assert.equal(others.isSparse, false);
		assert.ok(moved.every((place) => others.get(place, bytes.length) === bytes.toString()));
	});
});
