/**
Stands in for string-width in the bundle, for all who use it: gpubox's screens and everything below Ink. Its tables and
segmenters take longer to load than the rest of Ink, and it measures every text of every frame by taking it apart. Nearly all
of them are made of characters that are one column each, and those only have to be counted.

The bundler turns the `require` into a function call, so that the real one is loaded with the first text that needs it.
*/

// Latin without the soft hyphen; dashes, quotes and dots; arrows; the lines, blocks and shapes that screens are drawn with,
// without the two squares that are wide; Braille. None of them joins with its neighbours.
export const countable =
	/^[\u0020-\u007E\u00A0-\u00AC\u00AE-\u00FF\u2010-\u2027\u2030-\u205E\u2190-\u21FF\u23CE\u2500-\u25FC\u25FF\u2713\u2717\u2800-\u28FF]*$/;
const colours = /\u001B\[[\d;]*m/g;

let real;

export default function stringWidth(text, options) {
	if (typeof text === 'string' && options === undefined) {
		const bare = text.includes('\u001B') ? text.replace(colours, '') : text;
		if (countable.test(bare)) {
			return bare.length;
		}
	}

	// biome-ignore lint/suspicious/noAssignInExpressions: loaded once
	return (real ??= require('real-string-width').default)(text, options);
}
