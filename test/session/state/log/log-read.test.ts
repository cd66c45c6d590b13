import assert from 'node:assert/strict';
import {test} from 'node:test';
import {beginOf, readAfter, readAround, readBefore} from '../../../../source/session/state/log/log-read.ts';
import {timeOf, virtualLog} from './_virtual-log.ts';

const texts = (lines: ReadonlyArray<{text: string}>) => lines.map(({text}) => text);

test('the lines before a time are found also where too few were asked for', async () => {
	const {log, asked} = virtualLog(100_000);
	for (const fromEnd of [50_000, 49_000, 10, 90_000]) {
		const lines = await readBefore(log(), timeOf(50_000), fromEnd, 100);
		assert.deepEqual(
			[lines.length, lines[0]?.text, lines.at(-1)?.text],
			[100, 'line 49900', 'line 49999'],
			`${fromEnd}`,
		);
	}

	assert.equal(asked[0]?.tail, 50_100);
});

test('ten million lines are reachable without reading them', async () => {
	const {log, sent} = virtualLog(10_000_000);
	const before = await readBefore(log(), timeOf(1_000_000), 9_000_000, 100);
	assert.equal(before[0]?.text, 'line 999900');
	const around = await readAround(log(), timeOf(5_000_000), 5_000_000, {before: 10, after: 10});
	assert.deepEqual([around.lines.length, around.lines[0]?.text, around.ended], [20, 'line 4999990', false]);
	assert.ok(Math.abs((around.after ?? 0) - 4_999_990) < 1000, `${around.after}`);
	assert.ok(sent() < 10_000, `${sent()} lines sent`);
});

test('the start of a log has nothing before it', async () => {
	const {log} = virtualLog(1000);
	assert.deepEqual(await readBefore(log(), timeOf(0), 1000, 10), []);
	assert.equal(await beginOf(log()), timeOf(0));
	assert.equal(await beginOf(virtualLog(0).log()), undefined);
	const {lines, after} = await readAround(log(), 0, undefined, {before: 0, after: 3});
	assert.deepEqual(texts(lines), ['line 0', 'line 1', 'line 2']);
	assert.equal(after, undefined);
});

test('the lines after a time, by number and where that is not known', async () => {
	for (const fromEnd of [undefined, 99, 5, 800]) {
		const {log} = virtualLog(1000);
		const some = await readAfter(log(), timeOf(900), fromEnd, 3);
		assert.deepEqual([texts(some.lines), some.ended], [['line 901', 'line 902', 'line 903'], false], `${fromEnd}`);
		const all = await readAfter(log(), timeOf(900), fromEnd, 1000);
		assert.deepEqual([all.lines.length, all.ended], [99, true]);
	}
});

test('of a filtered log only the lines that are shown count', async () => {
	const {log} = virtualLog(10_000);
	const accept = (line: string) => line.endsWith('00');
	const before = await readBefore(log({accept}), timeOf(5000), 5000, 3);
	assert.deepEqual(texts(before), ['line 4700', 'line 4800', 'line 4900']);
	const around = await readAround(log({accept}), timeOf(5000), 5000, {before: 1, after: 2});
	assert.deepEqual(texts(around.lines), ['line 4900', 'line 5000', 'line 5100']);
});

test('a range of time is asked of the engine', async () => {
	const {log, asked} = virtualLog(10_000);
	const range = {since: new Date(timeOf(100) / 1000), until: new Date(timeOf(102) / 1000)};
	const {lines, ended} = await readAround(log({range, accept: () => true}), 0, undefined, {before: 0, after: 100});
	assert.deepEqual([texts(lines), ended], [['line 100', 'line 101', 'line 102'], true]);
	assert.deepEqual([asked[0]?.since, asked[0]?.until], [range.since, range.until]);
});
