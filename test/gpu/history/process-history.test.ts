import assert from 'node:assert/strict';
import {test} from 'node:test';
import {ProcessHistory, type SeenProcess} from '../../../source/gpu/history/process-history.ts';

const start = Date.UTC(2026, 10, 20, 3);
const day = 86_400_000;
const process = (pid: number, rest: Partial<SeenProcess> = {}): SeenProcess => ({
	gpuUuid: 'GPU-0',
	pid,
	name: 'python',
	user: 'alice',
	box: 'alice-llm',
	usedMemoryMiB: 1000,
	...rest,
});

test('who ran what at ten past three', () => {
	const history = new ProcessHistory();
	for (let second = 0; second <= 600; second += 5) {
		history.add(second < 300 ? [process(1)] : [process(2, {user: 'bob', box: null})], start + second * 1000, day);
	}

	assert.deepEqual(
		history.at('GPU-0', start + 100_000, 0).map(({pid, user}) => [pid, user]),
		[[1, 'alice']],
	);
	assert.deepEqual(
		history.at('GPU-0', start + 600_000, 0).map(({pid, user, box}) => [pid, user, box]),
		[[2, 'bob', null]],
	);
	assert.deepEqual(history.at('GPU-1', start + 100_000, 0), []);
	assert.deepEqual(history.at('GPU-0', start - 60_000, 0), []);
});

test('a process that was away for long is another stay; its owner may be learnt later', () => {
	const history = new ProcessHistory();
	history.add([process(1, {user: null, box: null})], start, day);
	history.add([process(1, {usedMemoryMiB: 3000})], start + 5000, day);
	history.add([process(1, {usedMemoryMiB: 200})], start + 10_000, day);
	history.add([process(1)], start + 400_000, day);
	const spans = history.since(0);
	assert.deepEqual(
		spans.map(({fromMs, toMs, user, usedMemoryMiB}) => [fromMs - start, toMs - start, user, usedMemoryMiB]),
		[
			[0, 10_000, 'alice', 3000],
			[400_000, 400_000, 'alice', 1000],
		],
	);
});

test('what was kept elsewhere becomes one with what was seen here', () => {
	const history = new ProcessHistory();
	history.add([process(1)], start + 20_000, day);
	const [span] = history.since(0);
	assert.ok(span);
	history.fill({...span, fromMs: start, toMs: start + 5000});
	history.fill({...span, fromMs: start - 500_000, toMs: start - 400_000});
	assert.deepEqual(
		history.since(0).map(({fromMs, toMs}) => [fromMs - start, toMs - start]),
		[
			[0, 20_000],
			[-500_000, -400_000],
		],
	);
});

test('a week of short processes does not fill the memory', () => {
	const history = new ProcessHistory();
	for (let minute = 0; minute < 7 * 24 * 60; minute += 1) {
		history.add([process(minute), process(minute + 100_000), process(minute + 200_000)], start + minute * 60_000, day);
	}

	const spans = history.since(0);
	assert.equal(spans.length, 3000);
	assert.equal(spans.at(-1)?.pid, 7 * 24 * 60 - 1 + 200_000);
});

test('of more than can be kept the oldest go, in whatever order they came', () => {
	const history = new ProcessHistory();
	history.add([process(1)], start + 3_600_000, day);
	for (let pid = 2; pid <= 3010; pid++) {
		const {gpuUuid, ...seen} = process(pid);
		history.fill({...seen, uuid: gpuUuid, fromMs: start + pid, toMs: start + pid});
	}

	const kept = history.since(0).map(({pid}) => pid);
	assert.equal(kept.length, 3000);
	assert.ok(kept.includes(1) && kept.includes(3010) && !kept.includes(2) && !kept.includes(11));
});
