import {toAscii} from './ascii.ts';
import type {Look} from './detect.ts';
import {colourCodes} from './palette.ts';
import {enterAlternate, leaveAlternate, withWritten} from './stream.ts';

const reset = '\u001B[0m';
const toDefault = /\u001B\[(?:0|39|49)?m/g;

/** The cursor comes along to the alternate screen, with the column in which a shell or a program left it. */
const home = '\u001B[H';

/**
The same stream, except that what is written to it is as the look wants it at that time: ASCII only, or on a background of the theme's own.
The alternate screen begins at its first column. Whatever draws need not know.
*/
export function dressed<Stream extends NodeJS.WriteStream>(stream: Stream, lookNow: () => Look): Stream {
	let look = lookNow();
	let paint = painter(look);
	const change = (written: string) => {
		const text = written.replaceAll(enterAlternate, `${enterAlternate}${home}`);
		if (look !== lookNow()) {
			look = lookNow();
			paint = painter(look);
		}

		const painted = paint === undefined ? text : paint(text);
		return look.ascii ? toAscii(painted) : painted;
	};
	return withWritten(stream, change);
}

/**
What is not coloured, and what is erased, takes the theme's colours: the terminal erases with the background that is set. On the way to the
main screen everything is as it was.
*/
function painter(look: Look): ((text: string) => string) | undefined {
	const {text, background} = colourCodes(look);
	if (text === undefined || background === undefined) {
		return undefined;
	}

	const base = `\u001B[${text};${background}m`;
	const replaced: Record<string, string> = {
		'\u001B[39m': `\u001B[${text}m`,
		'\u001B[49m': `\u001B[${background}m`,
		[reset]: `${reset}${base}`,
		'\u001B[m': `${reset}${base}`,
	};
	return (written) =>
		written
			.replaceAll(toDefault, (code) => replaced[code] ?? code)
			.replaceAll(enterAlternate, `${enterAlternate}${base}\u001B[2J`)
			.replaceAll(leaveAlternate, `${reset}${leaveAlternate}`);
}
