/** The mouse of the terminal: which modes report it, and that they are never left on. */
import {enterAlternate, leaveAlternate, withWritten} from '../../look/stream.ts';

/** Presses and the wheel (1000), in a form that has no limit of 223 columns (1006). */
export const mouseOn = '\u001B[?1000h\u001B[?1006h';
export const mouseOff = '\u001B[?1006l\u001B[?1000l';

/** Whether the terminal reports a mouse: the kernel's own console and a dumb one do not. */
export function hasMouse({TERM = ''}: NodeJS.ProcessEnv): boolean {
	return TERM !== '' && TERM !== 'linux' && TERM !== 'dumb';
}

/**
The same stream, except that the mouse is reported on the alternate screen only: whoever leaves that, for a shell, by a signal or after an error,
lets go of the mouse with it, and whoever comes back has it again. It is turned on and off by writing {@link mouseOn} and {@link mouseOff}.

@param on from the beginning
*/
export function withMouse<Stream extends NodeJS.WriteStream>(stream: Stream, on: boolean): Stream {
	let wanted = on;
	const change = (text: string) => {
		// Nearly every frame has none of these.
		if (!text.includes('\u001B[?10')) {
			return text;
		}

		if (text.includes(mouseOn) || text.includes(mouseOff)) {
			wanted = text.lastIndexOf(mouseOn) > text.lastIndexOf(mouseOff);
			return text;
		}

		return wanted
			? text
					.replaceAll(enterAlternate, `${enterAlternate}${mouseOn}`)
					.replaceAll(leaveAlternate, `${mouseOff}${leaveAlternate}`)
			: text;
	};
	return withWritten(stream, change);
}
