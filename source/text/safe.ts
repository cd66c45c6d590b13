/**
Foreign text (names, labels, logs, what the driver printed) must never reach the terminal with control sequences in it:
a container's label can otherwise move the cursor, change the window's title or answer a prompt in the user's name.
*/

// CSI, then OSC/DCS/SOS/PM/APC up to their end, then two-character escapes; the C1 forms (U+0080 to U+009F) of the same.
const sequences =
	/(?:\u001B\[|\u009B)[0-?]*[ -/]*[@-~]|(?:\u001B[\]PX^_]|[\u0090\u0098\u009D\u009E\u009F])[^\u0007\u001B\u009C]*(?:\u0007|\u001B\\|\u009C)?|\u001B[ -/]*[0-~]?/g;
const controls = /[\u0000-\u001F\u007F-\u009F]/g;
/**
What takes no room on a screen, or reorders what stands around it: marks, overrides and isolates of direction, zero-width characters, fillers,
tags and those variation selectors that do not choose between text and emoji. A text can hide in them, and a name look like another one.
By their halves where they are beyond 16 bits: with the flag u the search takes twice as long.
*/
const invisible =
	/\u034F|[\uFE00-\uFE0D]|[\u180B-\u180F]|[\u17B4\u17B5]|[\u00AD\u061C\u115F\u1160\u200B-\u200F\u2028-\u202E\u2060-\u206F\u3164\uFEFF\uFFA0\uFFF0-\uFFFB]|\uD82F[\uDCA0-\uDCA3]|\uD834[\uDD73-\uDD7A]|[\uDB40-\uDB43][\uDC00-\uDFFF]/g;
const colour = /^\u001B\[[0-9;:]*m$/;

const printable = /^[ -~]*$/;

/** One line of plain text: control sequences are dropped, line breaks and tabs become a space. */
export function safeText(text: string): string {
	// Nearly every text is: the search below is for all that is not.
	if (printable.test(text)) {
		return text.trim();
	}

	return withoutControls(text, (found) => '\r\n\t'.includes(found))
		.replace(/[\r\n\t]+/g, ' ')
		.trim();
}

/**
At most `length` characters, the last being `…` when something was left out. For foreign text before it is worked on: what is wide
on the screen is a matter of `cut`.
*/
export function shorten(text: string, length: number): string {
	return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

/** All of the above in one search, so that what is taken out cannot leave a new sequence behind. */
const unsafe = new RegExp(`${sequences.source}|${controls.source}|${invisible.source}`, 'g');

/**
Text without anything that controls a terminal, apart from what `keeps` says.

@param keeps of a control sequence or a control character, whether it stays
*/
export function withoutControls(text: string, keeps: (found: string) => boolean): string {
	return text.replace(unsafe, (found) => (keeps(found) ? found : ''));
}

const notPlain = new RegExp(`[\\u0000-\\u0009\\u000B-\\u001F\\u007F-\\u009F]|${invisible.source}`);

/** Whether each line of a text is what `safeLogLine` makes of it. */
export function isPlain(lines: string): boolean {
	return !notPlain.test(lines);
}

/** One line of a log: colours (SGR) stay, tabs become spaces, everything else that controls a terminal is dropped. */
export function safeLogLine(line: string): string {
	let coloured = false;
	const kept = withoutControls(line, (found) => {
		const isColour = colour.test(found);
		coloured ||= isColour;
		return isColour || found === '\r' || found === '\t';
	})
		// A progress bar rewrites its line with CR: only the text after the last one is visible.
		.replace(/\r+$/, '')
		.replace(/^.*\r/s, '')
		.replace(/\t/g, '    ');
	return coloured ? `${kept}\u001B[0m` : kept;
}

/** Each of the characters that safeText drops, apart from line breaks and tabs: for text that has to arrive whole, in another spelling. */
export const hidden = new RegExp(`[\\u0000-\\u0008\\u000B-\\u001F\\u007F-\\u009F]|${invisible.source}`, 'g');

/** JSON for a pipe or a terminal, as JSON.stringify makes it, with an escape for each hidden character. Undefined becomes null. */
export function safeJson(value: unknown, indent?: number): string {
	return (JSON.stringify(value, undefined, indent) ?? 'null').replace(hidden, (found) =>
		Array.from({length: found.length}, (_, at) => `\\u${found.charCodeAt(at).toString(16).padStart(4, '0')}`).join(''),
	);
}
