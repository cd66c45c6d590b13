import {widthOf} from '../../../../text/layout/fit.ts';
import {safeLogLine} from '../../../../text/safe.ts';
import {charactersOf} from '../../setup/field.ts';
import type {Matcher} from './log-query.ts';

const reset = '\u001B[0m';
const mark = '\u001B[7m';
const unmark = '\u001B[27m';
const printableAscii = /^[\u0020-\u007E]*$/;

/**
A line of foreign text made safe, as a terminal would show it: of its control sequences only colours and weights stay. What hides text, lets it blink
or turns it round is dropped, the latter because it means a match here.
*/
function calmLine(line: string): string {
	const safe = safeLogLine(line);
	return safe.includes('\u001B') ? safe.replace(/\u001B\[([0-9;:]*)m/g, (_, codes: string) => calmCodes(codes)) : safe;
}

function calmCodes(codes: string): string {
	const parts = codes.split(/[;:]/).map((part) => (part === '' ? 0 : Number(part)));
	const kept: number[] = [];
	for (let place = 0; place < parts.length; place += 1) {
		const code = parts[place] as number;
		if (code === 38 || code === 48) {
			// 5;N, or 2;R;G;B.
			const length = parts[place + 1] === 5 ? 3 : parts[place + 1] === 2 ? 5 : 0;
			const whole = parts.slice(place, place + length);
			if (length === 0 || whole.length < length || whole.some((part) => part > 255)) {
				break;
			}

			kept.push(...whole);
			place += length - 1;
		} else if (
			[0, 1, 2, 3, 4, 22, 23, 24, 39, 49].includes(code) ||
			(code >= 30 && code <= 47) ||
			(code >= 90 && code <= 107)
		) {
			kept.push(code);
		}
	}

	return kept.length === 0 ? '' : `\u001B[${kept.join(';')}m`;
}

/** A line of foreign text without anything that a terminal would take for a command, colours too. */
export function plainLine(line: string): string {
	return calmLine(line).replace(/\u001B\[[0-9;]*m/g, '');
}

/** Puts marks around parts of a text with colours; the parts are counted in characters that are seen. */
function markSpans(text: string, spans: ReadonlyArray<readonly [from: number, to: number]>): string {
	if (spans.length === 0) {
		return text;
	}

	let marked = '';
	let at = 0;
	let next = 0;
	let inside = false;
	for (const part of text.split(/(\u001B\[[0-9;]*m)/)) {
		if (part.startsWith('\u001B')) {
			// A reset would end the mark, too.
			marked += part + (inside ? mark : '');
			continue;
		}

		let from = 0;
		while (from < part.length) {
			const span = spans[next];
			const edge = span === undefined ? Number.POSITIVE_INFINITY : inside ? span[1] : span[0];
			const to = Math.min(part.length, edge - at + from);
			marked += part.slice(from, to);
			at += to - from;
			from = to;
			if (at === edge) {
				marked += inside ? unmark : mark;
				next += inside ? 1 : 0;
				inside = !inside;
			}
		}
	}

	return inside ? marked + unmark : marked;
}

/** A text with colours in rows of at most `width` columns, broken wherever a row is full, as a terminal does it. */
export function wrapRow(text: string, width: number): string[] {
	const room = Math.max(2, width);
	if (printableAscii.test(text)) {
		const rows: string[] = [];
		for (let from = 0; from < text.length; from += room) {
			rows.push(text.slice(from, from + room));
		}

		return rows.length === 0 ? [''] : rows;
	}

	const rows: string[] = [];
	let row = '';
	let columns = 0;
	/** The colours in force, to be put at the start of the next row. */
	let colours = '';
	for (const part of text.split(/(\u001B\[[0-9;]*m)/)) {
		if (part.startsWith('\u001B')) {
			colours = part === reset ? '' : colours + part;
			row += part;
			continue;
		}

		for (const character of printableAscii.test(part) ? part : charactersOf(part)) {
			const needed = widthOf(character);
			if (columns + needed > room) {
				rows.push(colours === '' ? row : row + reset);
				row = colours;
				columns = 0;
			}

			row += character;
			columns += needed;
		}
	}

	return [...rows, row];
}

/** The part of a text with colours that begins at a column; a wide character that begins before it is left out. */
export function fromColumn(text: string, left: number): string {
	if (left <= 0) {
		return text;
	}

	if (printableAscii.test(text)) {
		return text.slice(left);
	}

	let shown = '';
	let columns = 0;
	for (const part of text.split(/(\u001B\[[0-9;]*m)/)) {
		if (part.startsWith('\u001B')) {
			shown += part;
			continue;
		}

		for (const character of printableAscii.test(part) ? part : charactersOf(part)) {
			shown += columns >= left ? character : '';
			columns += widthOf(character);
		}
	}

	return shown;
}

/** How many rows a line takes where lines are wrapped. */
export function rowsOf(line: string, prefixWidth: number, width: number): number {
	const text = plainLine(line);
	const room = Math.max(2, width - prefixWidth);
	return printableAscii.test(text) ? Math.max(1, Math.ceil(text.length / room)) : wrapRow(text, room).length;
}

/** A line with its matches marked, safe for the terminal. */
export function markedLine(line: string, matcher: Matcher | undefined): string {
	const text = calmLine(line);
	return matcher === undefined ? text : markSpans(text, matcher.spans(text.replace(/\u001B\[[0-9;]*m/g, '')));
}
