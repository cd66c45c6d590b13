import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import fc from 'fast-check';
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

	test('whatever comes, in whatever pieces: nothing else that controls a terminal, and the same text', () => {
		const part = fc.oneof(
			fc.string({unit: 'binary', maxLength: 3}),
			fc.constantFrom(
				...'\u001B \u009B \u009D \u0090 [ ] m K 2 ; \u0007 \\ \u009C \r \n \b \uE000 \u200D \u{E0041} \u202E é █'.split(
					' ',
				),
			),
		);
		fc.assert(
			fc.property(
				fc.array(part, {maxLength: 20}),
				fc.array(fc.nat(9), {minLength: 1, maxLength: 20}),
				(parts, cuts) => {
					const bytes = Buffer.from(parts.join(''));
					const stream = new SafeStream();
					let out = '';
					for (let from = 0, turn = 0; from < bytes.length; turn++) {
						const to = from + 1 + (cuts[turn % cuts.length] ?? 0);
						out += stream.push(bytes.subarray(from, to));
						from = to;
					}

					out += stream.end();
					assert.equal(out, through([parts.join('')]));
					const rest = out.replace(/\u001B\[(?:[0-9;:]*m|[012]?K)/g, '').replace(/[\n\r\t\b]/g, '');
					assert.doesNotMatch(rest, /[\u0000-\u001F\u007F-\u009F\u202E]|\u200D|\uDB40/);
				},
			),
			{numRuns: 500},
		);
	});
});
