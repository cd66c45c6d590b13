import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import fc from 'fast-check';
import {Counter, isAfter, type Position, Skipper} from '../../../source/job/run/position.ts';
import {asKept} from './_as-kept.ts';

function positionOf(data: Buffer): Position {
	const counter = new Counter();
	counter.push(data);
	return counter.position;
}

function restAfter(position: Position, pieces: readonly Buffer[]): Buffer {
	const skipper = new Skipper(position);
	return Buffer.concat(pieces.map((piece) => skipper.rest(piece)));
}

function cutAt(data: Buffer, places: readonly number[]): Buffer[] {
	const ends = [...places.map((place) => place % (data.length + 1)).sort((a, b) => a - b), data.length];
	return ends.map((end, index) => data.subarray(ends[index - 1] ?? 0, end));
}

const texts = fc
	.array(fc.constantFrom('a', ' ', '\n', '\r', 'é', '█', '漢', '😀', '\u{10FFFF}', '\u0800', '\uD7FF'), {maxLength: 60})
	.map((characters) => Buffer.from(characters.join('')));
const bytes = fc
	.array(
		fc.oneof(
			texts,
			fc.uint8Array({maxLength: 6}).map((each) => Buffer.from(each)),
			fc.constantFrom(
				...[
					[0xef, 0xbf, 0xbd],
					[0xed, 0xa0, 0x80],
					[0xc0, 0xaf],
					[0xf4, 0x90],
					[0xe2, 0x96],
				].map((each) => Buffer.from(each)),
			),
		),
		{maxLength: 8},
	)
	.map((parts) => Buffer.concat(parts));
const cuts = fc.array(fc.nat(400), {maxLength: 5});

describe('a position in output', () => {
	test('is the same wherever the pieces are cut', () => {
		fc.assert(
			fc.property(bytes, cuts, (data, places) => {
				const counter = new Counter();
				for (const piece of cutAt(data, places)) {
					counter.push(piece);
				}

				assert.deepEqual(counter.position, positionOf(data));
			}),
		);
	});

	test('at the end is never before that of what the engine keeps, however that is cut and replaced', () => {
		fc.assert(
			fc.property(bytes, fc.integer({min: 1, max: 40}), (data, pieceBytes) => {
				const kept = positionOf(asKept(data, pieceBytes));
				assert.equal(isAfter(kept, positionOf(data)), false);
				assert.equal(kept.ascii, data.filter((byte) => byte < 0x80).length);
			}),
		);
	});

	test('leads to the rest of a text from anywhere in it, also within nearly every character', () => {
		fc.assert(
			fc.property(texts, fc.nat(200), cuts, (data, at, places) => {
				const place = at % (data.length + 1);
				assert.deepEqual(restAfter(positionOf(data.subarray(0, place)), cutAt(data, places)), data.subarray(place));
			}),
		);
	});

	test('leads to the rest of what the engine replaced from each byte of ASCII', () => {
		fc.assert(
			fc.property(bytes, fc.integer({min: 1, max: 40}), fc.nat(400), cuts, (data, pieceBytes, at, places) => {
				const ends = [...data.entries()].flatMap(([place, byte]) => (byte < 0x80 ? [place + 1] : []));
				fc.pre(ends.length > 0);
				const before = data.subarray(0, ends[at % ends.length]);
				const kept = asKept(data, pieceBytes);
				let count = before.filter((byte) => byte < 0x80).length;
				const from = kept.findIndex((byte) => byte < 0x80 && --count === 0) + 1;
				assert.deepEqual(restAfter(positionOf(before), cutAt(kept, places)), kept.subarray(from));
			}),
		);
	});

	test('after what the engine replaced leads to the next byte of ASCII', () => {
		const printed = Buffer.from([0x61, 0xff, 0xfe, 0xe2, 0x96]);
		const kept = asKept(Buffer.concat([printed, Buffer.from(' ok')]));
		assert.equal(kept.toString(), 'a\uFFFD\uFFFD\uFFFD\uFFFD ok');
		assert.equal(restAfter(positionOf(printed), [kept]).toString(), ' ok');
	});
});
