import assert from 'node:assert/strict';
import {test} from 'node:test';
import {
	firstInspect,
	type InspectAction,
	type InspectView,
	reduceInspect,
	withEnded,
} from '../../../../source/session/state/inspect/inspect.ts';
import {questionText} from '../../../../source/session/state/question.ts';

const nowMs = Date.UTC(2026, 10, 20, 12);
const situation = {gpuUuids: ['GPU-0', 'GPU-1'], nowMs, pids: [11, 12, 13], lastTop: 5};

function after(actions: InspectAction[], from: Partial<InspectView> = {}, within: Partial<typeof situation> = {}) {
	let view = {inspect: {...firstInspect, ...from}, gpuUuid: 'GPU-1' as string | undefined};
	let screen: string | undefined;
	const effects = [];
	for (const action of actions) {
		const {change, effects: some} = reduceInspect(view, action, {...situation, ...within});
		const {screen: next = screen, ...rest} = change;
		screen = next;
		view = {...view, ...rest};
		effects.push(...some);
	}

	return {...view, screen, effects};
}

test('it opens on the card chosen, or the first, at now', () => {
	const opened = after([{type: 'open-gpu'}], {cursorMs: 5, pid: 3, span: 'day', ended: ['1:2']});
	assert.equal(opened.screen, 'gpu');
	assert.equal(opened.gpuUuid, 'GPU-1');
	assert.deepEqual(opened.inspect, {...firstInspect, ended: ['1:2']});
	assert.equal(after([{type: 'open-gpu'}], {}, {gpuUuids: ['GPU-7']}).gpuUuid, 'GPU-7');
	const none = after([{type: 'open-gpu'}], {}, {gpuUuids: []});
	assert.equal(none.screen, undefined);
	assert.equal(none.effects[0]?.type, 'say');
});

test('the span goes round; a moment of the past stays while it is shown', () => {
	const span = {type: 'change-span'} as const;
	assert.deepEqual(
		[1, 2, 3].map((count) => after(Array.from({length: count}, () => span)).inspect.span),
		['hour', 'day', 'minutes'],
	);
	const cursorMs = nowMs - 1_800_000;
	assert.equal(after([span], {span: 'hour', cursorMs}).inspect.cursorMs, cursorMs);
	assert.equal(after([span, span], {span: 'hour', cursorMs}).inspect.cursorMs, undefined, '5 min do not reach so far');
});

test('walking back in time and forward again ends at now; the ends hold', () => {
	const back = {type: 'move-cursor', by: -1} as const;
	assert.equal(after([back]).inspect.cursorMs, nowMs - 2000);
	assert.equal(after([back, back]).inspect.cursorMs, nowMs - 4000);
	assert.equal(after([back, {type: 'move-cursor', by: 1}]).inspect.cursorMs, undefined);
	assert.equal(after([{type: 'move-cursor', by: 1}]).inspect.cursorMs, undefined);
	const oldest = {type: 'move-cursor', by: Number.NEGATIVE_INFINITY} as const;
	const first = after([oldest], {span: 'day'}).inspect.cursorMs;
	assert.equal(first, nowMs - 86_400_000 + 600_000);
	assert.equal(after([oldest, back], {span: 'day'}).inspect.cursorMs, first);
	assert.equal(after([oldest, {type: 'move-cursor', by: Number.POSITIVE_INFINITY}]).inspect.cursorMs, undefined);
});

test('Esc returns to now first, then to the main screen', () => {
	const leave = {type: 'leave-inspect'} as const;
	const once = after([leave], {cursorMs: nowMs - 4000});
	assert.equal(once.inspect.cursorMs, undefined);
	assert.equal(once.screen, undefined);
	assert.equal(after([leave, leave], {cursorMs: nowMs - 4000}).screen, 'main');
});

test('a process is chosen by moving; one that is gone gives way to the first', () => {
	const down = {type: 'select-process', by: 1} as const;
	assert.equal(after([down]).inspect.pid, 12);
	assert.equal(after([down, down, down]).inspect.pid, 13);
	assert.equal(after([{type: 'select-process', by: -1}], {pid: 13}).inspect.pid, 12);
	assert.equal(after([down], {pid: 99}).inspect.pid, 12);
	assert.equal(after([down], {}, {pids: []}).inspect.pid, undefined);
});

test('a signal is for a process of now, never for one of the past', () => {
	const ask = {type: 'ask-signal'} as const;
	assert.deepEqual(after([ask], {pid: 12}).effects, [{type: 'find-process', pid: 12, uuid: 'GPU-1'}]);
	assert.equal(after([ask], {pid: 12, cursorMs: nowMs - 4000}).effects[0]?.type, 'say');
	assert.equal(after([ask], {}, {pids: []}).effects[0]?.type, 'say');
});

test('the question names the process, its owner and its box; the second one says what is lost', () => {
	const target = {pid: 12, start: '77', name: 'python', user: 'dora', box: 'dora-thesis'};
	assert.equal(
		questionText({what: 'signal', send: 'SIGTERM', target}),
		'Ask python 12 of dora in dora-thesis to end (SIGTERM)?',
	);
	assert.equal(
		questionText({what: 'signal', send: 'SIGTERM', target: {...target, box: null}}),
		'Ask python 12 of dora, outside of all boxes to end (SIGTERM)?',
	);
	assert.match(
		questionText({what: 'signal', send: 'SIGKILL', target}),
		/of dora in dora-thesis.*Kill it \(SIGKILL\)\?.*lost/,
	);
	assert.deepEqual(withEnded(firstInspect, target).ended, ['12:77']);
});
