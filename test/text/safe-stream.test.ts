import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {SafeStream} from '../../source/text/safe-stream.ts';
import {randomFrom} from '../_helpers/seed.ts';

const through = (pieces: string[]) => {
	const stream = new SafeStream();
	return pieces.map((piece) => stream.push(Buffer.from(piece))).join('') + stream.end();
};

describe('output on its way to a terminal', () => {
	test('keeps colours, progress bars and text of all kinds', () => {
		const text = 'plain\n\u001B[31mred\u001B[0m\r 50%|███  |\u001B[K\ttab\b\u00e9\n';
		assert.equal(through([text]), text);
	});

	test('loses what controls the terminal', () => {
		assert.equal(
			through(['a\u001B]0;title\u0007b\u001B[2Jc\u001B[5;5Hd\u001B[?1049he\u0007\u009B2Jf\u202Eg']),
			'abcdefg',
		);
		assert.equal(through(['a\u001B]52;c;AAAA\u001B\\b\u001BPq\u001B\\c\u001Bcd']), 'abcd');
	});

	test('is the same in whatever pieces it arrives', () => {
		const random = randomFrom(7);
		const text = 'x\u001B[31mred\u001B[0m \u001B]0;title\u0007é\u001B[2Jend █\u001B[K\r\n'.repeat(20);
		const whole = through([text]);
		for (let round = 0; round < 200; round++) {
			const bytes = Buffer.from(text);
			const stream = new SafeStream();
			let out = '';
			for (let from = 0; from < bytes.length; ) {
				const to = from + 1 + random(9);
				out += stream.push(bytes.subarray(from, to));
				from = to;
			}

			assert.equal(out + stream.end(), whole);
		}
	});
});
