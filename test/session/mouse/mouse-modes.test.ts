import assert from 'node:assert/strict';
import {test} from 'node:test';
import {takeMouse, withoutMouse} from '../../../source/session/mouse/mouse-event.ts';
import {hasMouse, mouseOff, mouseOn, withMouse} from '../../../source/session/state/mouse/mouse-modes.ts';

const enter = '\u001B[?1049h';
const leave = '\u001B[?1049l';

function terminal(on: boolean) {
	const written: string[] = [];
	const stream = {write: (text: string) => written.push(text) > 0} as unknown as NodeJS.WriteStream;
	return {stream: withMouse(stream, on), written};
}

test('the mouse is reported on the alternate screen only, and after a shell again', () => {
	const {stream, written} = terminal(true);
	for (const text of [enter, 'frame', leave, enter, leave]) {
		stream.write(text);
	}

	assert.deepEqual(written, [enter + mouseOn, 'frame', mouseOff + leave, enter + mouseOn, mouseOff + leave]);
});

test('without it no mode is set, until it is asked for, and it is let go of on the way out', () => {
	const {stream, written} = terminal(false);
	for (const text of [enter, mouseOn, leave, enter, mouseOff, leave]) {
		stream.write(text);
	}

	assert.deepEqual(written, [enter, mouseOn, mouseOff + leave, enter + mouseOn, mouseOff, leave]);
});

test('presses and the wheel are taken out of what is typed; all else of the mouse is nothing', () => {
	const esc = '\u001B';
	assert.deepEqual(takeMouse(`j${esc}[<0;10;5Mk${esc}[<0;10;5m${esc}[<64;300;1M${esc}[A`), {
		text: `jk${esc}[A`,
		events: [
			{does: 'press', x: 9, y: 4},
			{does: 'up', x: 299, y: 0},
		],
		rest: '',
	});
	assert.deepEqual(takeMouse(`${esc}[<2;1;1M${esc}[<4;1;1M${esc}[<35;1;1M`), {text: '', events: [], rest: ''});
	assert.deepEqual(takeMouse(`q${esc}[<65;1`), {text: 'q', events: [], rest: `${esc}[<65;1`});
	assert.deepEqual(takeMouse(`x[<0;1;1M${esc}`), {text: `x[<0;1;1M${esc}`, events: [], rest: ''});
});

test('a stream hands on what is typed, and a sequence of the mouse in two pieces is one', () => {
	const pieces = ['j', '\u001B[<0;3', ';4Mk', null];
	const seen: unknown[] = [];
	const stream = withoutMouse({read: () => pieces.shift()} as unknown as NodeJS.ReadStream, (event) =>
		seen.push(event),
	);
	assert.deepEqual([stream.read(), stream.read(), stream.read(), stream.read()], ['j', '', 'k', null]);
	assert.deepEqual(seen, [{does: 'press', x: 2, y: 3}]);
});

test('a terminal that cannot report a mouse is not asked to', () => {
	assert.deepEqual(
		['xterm-256color', 'tmux', 'linux', 'dumb', ''].map((TERM) => hasMouse({TERM})),
		[true, true, false, false, false],
	);
});
