import cliTruncate from 'cli-truncate';
import stringWidth from 'string-width';

const printableAscii = /^[\u0020-\u007E]*$/;

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

	return stringWidth(text) <= width ? text : cliTruncate(text, width);
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

/** Cut so that the end stays, for paths: `…/projects/train`. */
export function cutStart(text: string, width: number): string {
	return widthOf(text) <= width ? text : cliTruncate(text, Math.max(1, width), {position: 'start'});
}
