/**
Foreign text (names, labels, logs, what the driver printed) must never reach the terminal with control sequences in it:
a container's label can otherwise move the cursor, change the window's title or answer a prompt in the user's name.
*/

// CSI, then OSC/DCS/SOS/PM/APC up to their end, then two-character escapes; the C1 forms (U+0080 to U+009F) of the same.
export const sequences =
	/(?:\u001B\[|\u009B)[0-?]*[ -/]*[@-~]|(?:\u001B[\]PX^_]|[\u0090\u0098\u009D\u009E\u009F])[^\u0007\u001B\u009C]*(?:\u0007|\u001B\\|\u009C)?|\u001B[ -/]*[0-~]?/g;
export const controls = /[\u0000-\u001F\u007F-\u009F]/g;
// Bidirectional overrides and isolates reorder what stands around them; the others are invisible.
export const invisible = /[\u200B\u200E\u200F\u202A-\u202E\u2028\u2029\u2060\u2066-\u2069\uFEFF]/g;
const colour = /^\u001B\[[0-9;:]*m$/;

/** One line of plain text: control sequences are dropped, line breaks and tabs become a space. */
export function safeText(text: string): string {
	return text
		.replace(sequences, '')
		.replace(/[\r\n\t]+/g, ' ')
		.replace(controls, '')
		.replace(invisible, '')
		.trim();
}

/**
At most `length` characters, the last being `…` when something was left out. For foreign text before it is worked on: what is wide
on the screen is a matter of `cut`.
*/
export function shorten(text: string, length: number): string {
	return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

/** One line of a log: colours (SGR) stay, tabs become spaces, everything else that controls a terminal is dropped. */
export function safeLogLine(line: string): string {
	let coloured = false;
	const kept = line
		.replace(sequences, (sequence) => {
			if (!colour.test(sequence)) {
				return '';
			}

			coloured = true;
			// U+E000 is private: it stands for ESC while the control characters are taken out.
			return sequence.replace('\u001B', '\uE000');
		})
		// A progress bar rewrites its line with CR: only the text after the last one is visible.
		.replace(/\r+$/, '')
		.replace(/^.*\r/s, '')
		.replace(/\t/g, '    ')
		.replace(controls, '')
		.replace(invisible, '')
		.replace(/\uE000(?=\[[0-9;:]*m)/g, '\u001B');
	return coloured ? `${kept}\u001B[0m` : kept;
}
