import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {readFrames} from '../../../../../source/engine/frames.ts';
import {createLineReader} from '../../../../../source/session/state/log/text/log-lines.ts';

const stamp = '2026-01-31T09:00:00.123456789Z';
const micros = Date.UTC(2026, 0, 31, 9) * 1000 + 123_456.789;

function collect(lineLength?: number) {
	const lines: Array<{text: string; time: number}> = [];
	const reader = createLineReader(
		(data, from, to, time) => lines.push({text: data.toString('utf8', from, to), time}),
		lineLength,
	);
	return {lines, reader, texts: () => lines.map(({text}) => text)};
}

function frame(text: string, stream = 1): Buffer {
	const head = Buffer.alloc(8);
	head[0] = stream;
	head.writeUInt32BE(Buffer.byteLength(text), 4);
	return Buffer.concat([head, Buffer.from(text)]);
}

async function* pieces(data: Buffer, size: number): AsyncGenerator<Buffer> {
	for (let from = 0; from < data.length; from += size) {
		yield Buffer.from(data.subarray(from, from + size));
	}
}

test('frames with times become lines with times, however the connection cuts them', async () => {
	const entries = [
		frame(`${stamp} first\n`),
		frame(`${stamp} err äö\n`, 2),
		// A line of more than 16 KiB comes in parts, each with a time.
		frame(`${stamp} ${'x'.repeat(50)}`),
		frame(`2026-01-31T09:00:01.000000000Z ${'y'.repeat(50)}\n`),
		frame(`${stamp} \n`),
	];
	const whole = Buffer.concat(entries);
	for (let size = 1; size <= whole.length; size += 1) {
		const {lines, reader} = collect();
		for await (const chunk of readFrames(pieces(whole, size))) {
			reader.push(chunk);
		}

		assert.deepEqual(
			lines.map(({text}) => text).toSorted(),
			['', 'err äö', 'first', 'x'.repeat(50) + 'y'.repeat(50)],
			`cut every ${size}`,
		);
		assert.ok(
			lines.every(({time}) => Math.abs(time - micros) < 0.3),
			`cut every ${size}`,
		);
	}
});

test('with a terminal there are no frames', () => {
	fc.assert(
		fc.property(fc.array(fc.stringMatching(/^[a-zäß漢 ]{0,12}$/)), fc.array(fc.nat(60)), (expected, cuts) => {
			const {lines, reader} = collect();
			const whole = Buffer.from(expected.map((line) => `${stamp} ${line}\r\n`).join(''));
			let from = 0;
			for (const cut of cuts) {
				reader.push({stream: 'stdout', data: whole.subarray(from, from + cut)});
				from = Math.min(whole.length, from + cut);
			}

			reader.push({stream: 'stdout', data: whole.subarray(from)});
			assert.deepEqual(
				lines.map(({text}) => text),
				expected.map((line) => `${line}\r`),
			);
		}),
	);
});

test('times in another zone, without a fraction, and no times at all', () => {
	const {lines, reader} = collect();
	const data = Buffer.from('2026-01-31T10:00:00.5+01:00 a\n2026-01-31T09:00:01Z b\nplain text of a program\n');
	reader.push({stream: 'stdout', data});
	const start = Date.UTC(2026, 0, 31, 9) * 1000;
	assert.deepEqual(lines.slice(0, 2), [
		{text: 'a', time: start + 500_000},
		{text: 'b', time: start + 1_000_000},
	]);
	assert.equal(lines[2]?.text, 'plain text of a program');
	assert.ok(Number.isNaN(lines[2]?.time));
});

test('a progress bar that never ends its line does not fill the memory and shows its last state', () => {
	const {lines, reader} = collect(40);
	for (let percent = 0; percent <= 100; percent += 1) {
		reader.push({stream: 'stderr', data: Buffer.from(`${stamp} \r${percent}% of the epoch`), starts: [0]});
	}

	assert.equal(reader.unfinished()[0]?.split('\r').at(-1), '100% of the epoch');
	assert.equal(lines.length, 0);
	reader.push({stream: 'stderr', data: Buffer.from(`${stamp} \n`), starts: [0]});
	assert.equal(lines[0]?.text.split('\r').at(-1), '100% of the epoch');
});

test('a very long line is cut, and so is one that never ends; what follows is read', () => {
	const {texts, reader} = collect(10);
	reader.push({stream: 'stdout', data: Buffer.from(`${stamp} ${'x'.repeat(1000)}\n${stamp} next\n`)});
	for (let count = 0; count < 100; count += 1) {
		reader.push({stream: 'stdout', data: Buffer.from(count === 0 ? `${stamp} ${'ä'.repeat(50)}` : 'ä'.repeat(50))});
	}

	reader.push({stream: 'stdout', data: Buffer.from(`\n${stamp} last\n`)});
	assert.deepEqual(texts(), [`${'x'.repeat(10)}…`, 'next', `${'ä'.repeat(10)}…`, 'last']);
});

test('the two streams do not mix within a line, and the end of the stream ends a line', () => {
	const {texts, reader} = collect();
	reader.push({stream: 'stdout', data: Buffer.from(`${stamp} out`), starts: [0]});
	reader.push({stream: 'stderr', data: Buffer.from(`${stamp} err\n`), starts: [0]});
	reader.push({stream: 'stdout', data: Buffer.from('put\n'), starts: []});
	reader.push({stream: 'stdout', data: Buffer.from(`${stamp} end`), starts: [0]});
	assert.deepEqual(reader.unfinished(), ['end']);
	reader.end();
	assert.deepEqual(texts(), ['err', 'output', 'end']);
});
