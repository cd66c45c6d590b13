import assert from 'node:assert/strict';
import {test} from 'node:test';
import {setFlagsFromString} from 'node:v8';
import {runInNewContext} from 'node:vm';
import fc from 'fast-check';
import {createLogBuffer, scroll, topLine} from '../../../../source/session/state/log/log-buffer.ts';

const all = (buffer: ReturnType<typeof createLogBuffer>) => buffer.slice(buffer.first, buffer.end - buffer.first);

test('lines come out as they went in, however the pieces were cut', () => {
	fc.assert(
		fc.property(fc.array(fc.stringMatching(/^[a-zäß漢 ]{0,12}$/)), fc.array(fc.nat(40)), (lines, cuts) => {
			const buffer = createLogBuffer();
			const whole = Buffer.from(lines.map((line) => `${line}\n`).join(''));
			let from = 0;
			for (const cut of cuts) {
				buffer.push('stdout', whole.subarray(from, from + cut));
				from = Math.min(whole.length, from + cut);
			}

			buffer.push('stdout', whole.subarray(from));
			assert.deepEqual(all(buffer), lines);
		}),
	);
});

test('only the newest lines are kept, and their numbers stay', () => {
	const buffer = createLogBuffer({lines: 3});
	buffer.push('stdout', Buffer.from('a\nb\nc\nd\ne\n'));
	assert.deepEqual([buffer.first, buffer.end], [2, 5]);
	assert.deepEqual(buffer.slice(0, 10), ['c', 'd', 'e']);
	assert.deepEqual(buffer.slice(3, 1), ['d']);
});

test('a line still being written is shown, and is the same line when it ends', () => {
	const buffer = createLogBuffer();
	buffer.push('stdout', Buffer.from('one\ntwo is not fin'));
	assert.deepEqual(all(buffer), ['one', 'two is not fin']);
	buffer.push('stdout', Buffer.from('ished\n'));
	assert.deepEqual(all(buffer), ['one', 'two is not finished']);
});

test('a progress bar that never ends its line does not fill the memory and shows its last state', () => {
	const buffer = createLogBuffer({lineLength: 40});
	for (let percent = 0; percent <= 100; percent += 1) {
		buffer.push('stderr', Buffer.from(`\r${percent}% of the epoch`));
	}

	assert.deepEqual(all(buffer), ['100% of the epoch']);
	buffer.push('stderr', Buffer.from('\n'));
	assert.deepEqual(all(buffer), ['100% of the epoch']);
});

test('a very long line is cut', () => {
	const buffer = createLogBuffer({lineLength: 10});
	buffer.push('stdout', Buffer.from(`${'x'.repeat(1000)}\nnext\n`));
	assert.deepEqual(all(buffer), [`${'x'.repeat(10)}…`, 'next']);
});

test('the two streams do not mix within a line', () => {
	const buffer = createLogBuffer();
	buffer.push('stdout', Buffer.from('out'));
	buffer.push('stderr', Buffer.from('err\n'));
	buffer.push('stdout', Buffer.from('put\n'));
	assert.deepEqual(all(buffer), ['err', 'output']);
});

test('sequences that would move the cursor or set the title are taken out, colours stay', () => {
	const buffer = createLogBuffer();
	buffer.push('stdout', Buffer.from('\u001B]0;title\u0007\u001B[2J\u001B[31mred\u001B[0m\n'));
	assert.deepEqual(all(buffer), ['\u001B[31mred\u001B[0m\u001B[0m']);
});

test('a reader who scrolled back stays at the line while new ones come', () => {
	const log = {first: 0, end: 100};
	const position = scroll(log, 'follow', -10, 20);
	assert.equal(position, 70);
	assert.equal(topLine({first: 0, end: 500}, position, 20), 70);
	assert.equal(topLine({first: 90, end: 500}, position, 20), 90);
});

test('scrolling to the end follows again; the start is the oldest line kept', () => {
	const log = {first: 40, end: 100};
	assert.equal(scroll(log, 70, 10, 20), 'follow');
	assert.equal(scroll(log, 70, Number.POSITIVE_INFINITY, 20), 'follow');
	assert.equal(scroll(log, 'follow', Number.NEGATIVE_INFINITY, 20), 40);
	assert.equal(topLine(log, 'follow', 20), 80);
	assert.equal(scroll({first: 0, end: 3}, 'follow', -5, 20), 'follow');
});

test('lines of which only the beginning is kept do not keep the rest in memory', () => {
	setFlagsFromString('--expose-gc');
	const collect = runInNewContext('gc') as () => void;
	const buffer = createLogBuffer();
	// A whole one between, as that is what a piece of memory was kept for.
	const data = () => Buffer.from(`a short line that is kept whole\n${'x'.repeat(60_000)}\n`);
	collect();
	const before = process.memoryUsage().heapUsed;
	for (let count = 0; count < 2500; count += 1) {
		buffer.push('stdout', data());
	}

	collect();
	const kept = (process.memoryUsage().heapUsed - before) / 2 ** 20;
	assert.equal(buffer.end - buffer.first, 5000);
	assert.ok(kept < 30, `${kept} MiB`);
});

test('a line that never ends is cut, and what follows its end is read', () => {
	const buffer = createLogBuffer({lineLength: 10});
	for (let count = 0; count < 100; count += 1) {
		buffer.push('stdout', Buffer.from('ä'.repeat(50)));
	}

	buffer.push('stdout', Buffer.from('\nnext\n'));
	assert.deepEqual(all(buffer), [`${'ä'.repeat(10)}…`, 'next']);
});
