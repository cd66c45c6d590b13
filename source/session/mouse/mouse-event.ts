import {withMethod} from '../look/stream.ts';

/** What the mouse did, in columns and rows from 0. */
export type MouseEvent = {does: 'press' | 'up' | 'down'; x: number; y: number};

const sequence = /\u001B\[<(\d{1,4});(\d{1,5});(\d{1,5})([Mm])/g;
/** One that goes on in the next piece of input. */
const begun = /\u001B\[<[\d;]{0,16}$/;

/**
The same stream without what the terminal sends for the mouse in the mode SGR (1006), which Ink would throw away unread.

@param onEvent is told presses of the first button and steps of the wheel; a release or another button is nothing
*/
export function withoutMouse<Stream extends NodeJS.ReadStream>(
	stream: Stream,
	onEvent: (event: MouseEvent) => void,
): Stream {
	let kept = '';
	const read = (...arguments_: unknown[]): unknown => {
		const chunk: unknown = Reflect.apply(stream.read, stream, arguments_);
		if (typeof chunk !== 'string' || (kept === '' && !chunk.includes('\u001B[<'))) {
			return chunk;
		}

		const {text, events, rest} = takeMouse(kept + chunk);
		kept = rest;
		for (const event of events) {
			onEvent(event);
		}

		return text;
	};
	return withMethod(stream, 'read', read);
}

/** What the mouse did, the text around it, and the beginning of what is not whole yet. */
export function takeMouse(input: string): {text: string; events: MouseEvent[]; rest: string} {
	const rest = begun.exec(input)?.[0] ?? '';
	const whole = input.slice(0, input.length - rest.length);
	// Shift, Alt and Ctrl (4, 8, 16) and a mouse that is moved (32) are no plain press.
	const does: Readonly<Record<string, MouseEvent['does']>> = {0: 'press', 64: 'up', 65: 'down'};
	const events = [...whole.matchAll(sequence)].flatMap(([, code = '', column, row, end]) => {
		const what = end === 'm' ? undefined : does[code];
		return what === undefined ? [] : [{does: what, x: Number(column) - 1, y: Number(row) - 1}];
	});
	return {text: whole.replaceAll(sequence, ''), events, rest};
}
