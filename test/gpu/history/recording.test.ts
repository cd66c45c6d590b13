import assert from 'node:assert/strict';
import {test} from 'node:test';
import {type HistoryRecord, historyHeader, historyLine} from '../../../source/gpu/history/format.ts';
import {readRecording} from '../../../source/gpu/history/recording.ts';

const start = Date.UTC(2026, 10, 20, 3);
const textOf = (...records: HistoryRecord[]) => [historyHeader, ...records.map(historyLine), ''].join('\n');
const reading = (uuid: string, second: number, seconds: 1 | 10 | 120 = 1): HistoryRecord => ({
	kind: 'gpu',
	bucket: {uuid, seconds, at: (start / 1000 + second) / seconds, figures: [second, null, null, null, null, null, 4]},
});
const card = {
	index: 3,
	uuid: 'GPU-a',
	name: 'NVIDIA H100',
	busId: '00000000:1A:00.0',
	computeCapability: '9.0',
	memoryTotalMiB: 81_559,
	powerLimit: 700,
	migMode: true,
	mig: [{uuid: 'MIG-a', profile: '3g.40gb'}],
};
const span = (fromSecond: number, toSecond: number, name = 'python'): HistoryRecord => ({
	kind: 'process',
	span: {
		...{uuid: 'GPU-a', pid: 7, name, user: 'alice', box: null, usedMemoryMiB: 9},
		fromMs: start + fromSecond * 1000,
		toMs: start + toSecond * 1000,
	},
});

test('what was recorded is read: the machine, its cards, each reading, and each process once', () => {
	const machine = {host: 'hopper', person: 'dora', driverVersion: '580.95.05', cudaVersion: null};
	const recording = readRecording(
		textOf(
			{kind: 'machine', machine},
			{kind: 'card', card},
			reading('GPU-a', 0),
			reading('GPU-a', 1),
			span(0, 1),
			span(0, 60),
		),
	);
	assert.deepEqual(recording.machine, machine);
	assert.deepEqual(recording.cards, [card]);
	assert.deepEqual(
		recording.readings
			.get('GPU-a')
			?.map(({atMs, lengthMs, figures}) => [atMs - start, lengthMs, figures[0], figures[1]]),
		[
			[0, 1000, 0, null],
			[1000, 1000, 1, null],
		],
	);
	assert.deepEqual(
		recording.spans.map(({fromMs, toMs}) => [fromMs - start, toMs - start]),
		[[0, 60_000]],
	);
	assert.deepEqual([recording.fromMs, recording.toMs], [start, start + 2000]);
});

test('of the history of a host the finest readings of each time are taken, and its cards have numbers only', () => {
	const {cards, readings} = readRecording(
		textOf(
			reading('GPU-b', 0, 120),
			reading('GPU-b', 120, 120),
			reading('GPU-b', 230, 10),
			reading('GPU-b', 240, 10),
			reading('GPU-b', 240),
			reading('GPU-a', 240),
		),
	);
	assert.deepEqual(
		readings.get('GPU-b')?.map(({atMs, lengthMs}) => [(atMs - start) / 1000, lengthMs / 1000]),
		[
			[0, 120],
			[230, 10],
			[240, 1],
		],
	);
	assert.deepEqual(
		cards.map(({index, uuid, name}) => [index, uuid, name]),
		[
			[0, 'GPU-b', ''],
			[1, 'GPU-a', ''],
		],
	);
});

test('names that would control a terminal are harmless', () => {
	const evil = 'py\u001B]0;x\u0007\u202Ethon\nx';
	const {cards, spans, machine} = readRecording(
		textOf(
			{kind: 'machine', machine: {host: evil, person: evil, driverVersion: evil, cudaVersion: null}},
			{kind: 'card', card: {...card, name: evil}},
			reading('GPU-a', 0),
			span(0, 1, evil),
		),
	);
	assert.doesNotMatch(JSON.stringify([cards, spans, machine]), /u001b|u0007|\u202E|\\n/i);
});

test('a text that is none, is newer or is empty is refused with the reason', () => {
	for (const [text, reason, newer] of [
		['rubbish', /no recording/, false],
		['', /no recording/, false],
		['{"format":"other","version":1}\n', /no recording/, false],
		[textOf(reading('GPU-a', 0)).replace('"version":1', '"version":2'), /newer version/, true],
		[textOf({kind: 'card', card}), /no reading/, false],
	] as const) {
		assert.throws(
			() => readRecording(text),
			(error: Error & {newer?: boolean}) => reason.test(error.message) && error.newer === newer,
			text,
		);
	}
});

test('a line that was damaged or cut off is left out', () => {
	const text = textOf(reading('GPU-a', 0), reading('GPU-a', 1), reading('GPU-a', 2)).replace(
		'"figures":[1',
		'"figures":[9',
	);
	assert.deepEqual(
		readRecording(text.slice(0, -9))
			.readings.get('GPU-a')
			?.map(({figures}) => figures[0]),
		[0],
	);
});

test('of a file with more cards than a call can have arguments the others get the next numbers', () => {
	const many = Array.from({length: 150_000}, (_, index): HistoryRecord => {
		return {kind: 'card', card: {...card, index: index % 64, uuid: `GPU-${index}`}};
	});
	const text = [historyHeader, ...[...many, reading('GPU-x', 1)].map(historyLine)].join('\n');
	const {cards} = readRecording(text);
	assert.equal(cards.at(-1)?.index, 64);
});
