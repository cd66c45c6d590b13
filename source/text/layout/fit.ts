import cliTruncate from 'cli-truncate';
import stringWidth from 'string-width';

const printableAscii = /^[\u0020-\u007E]*$/;

/**
Terminals disagree about the width of format characters, of marks with nothing to stand on and of halves of a character, and
one wrong column moves everything right of it. The joiner stays: it holds emoji together.
*/
function settle(text: string): string {
	return (
		text
			.replace(/(?!\u200D)\p{Cf}/gu, '')
			.replace(/\p{Cs}/gu, '\uFFFD')
			// Half a flag.
			.replace(/\p{RI}+/gu, (letters) => ([...letters].length % 2 === 0 ? letters : letters.slice(0, -2)))
			.replace(/^[\p{M}\u200D]+/u, '')
			.replace(/(?<=[\p{Z}\p{C}])[\p{M}\u200D]+/gu, '')
	);
}

/** Columns that a text takes on a terminal: wide characters count two. */
export function widthOf(text: string): number {
	return printableAscii.test(text) ? text.length : stringWidth(text);
}

/** Cut to at most `width` columns, the last being `…` when something was left out. */
export function cut(text: string, width: number): string {
	if (width < 1) {
		return '';
	}

	if (printableAscii.test(text)) {
		return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
	}

	// Computing the width of invisible text would take longer than drawing all the rest. With colours, the number of characters says little.
	const most = width * 8 + 64;
	const settled = settle(text.length > most && !text.includes('\u001B') ? `${text.slice(0, most)}…` : text);
	return stringWidth(settled) <= width ? settled : cliTruncate(settled, width);
}

/** Cut and filled up with spaces to exactly `width` columns. */
export function fit(text: string, width: number, align: 'left' | 'right' = 'left'): string {
	if (width < 1) {
		return '';
	}

	const shown = cut(text, width);
	// A wide character that would stand half outside is left out, so even a cut text can be short by one.
	const filling = ' '.repeat(Math.max(0, width - widthOf(shown)));
	return align === 'left' ? shown + filling : filling + shown;
}

/** A text in lines of at most `width` columns, broken between words; a word that is longer stays whole, to be cut. */
export function wrap(text: string, width: number): string[] {
	const lines: string[] = [];
	for (const word of text.split(' ')) {
		const longer = `${lines.at(-1)} ${word}`;
		if (lines.length > 0 && widthOf(longer) <= width) {
			lines[lines.length - 1] = longer;
		} else {
			lines.push(word);
		}
	}

	return lines;
}

/** A text in lines of at most `width` columns, broken between words where that is possible; nothing of it is left out. */
export function breakLines(text: string, width: number): string[] {
	const room = Math.max(2, width);
	const lines: string[] = [];
	let line = '';
	let columns = 0;
	for (const character of text) {
		const needed = widthOf(character);
		if (columns + needed > room) {
			const space = character === ' ' ? -1 : line.lastIndexOf(' ');
			// A word of more than half a line is broken as well: else little would be left of the line before.
			const rest = space > room / 2 ? line.slice(space + 1) : '';
			lines.push(rest === '' ? line : line.slice(0, space + 1));
			line = rest;
			columns = widthOf(rest);
		}

		line += character;
		columns += needed;
	}

	return [...lines, line];
}
