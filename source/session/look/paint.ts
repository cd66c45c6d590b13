import chalk, {type ChalkInstance, type ColorName} from 'chalk';
import type {Style} from '../theme.ts';

type Codes = {before: string; after: string};

/** A style is made once for each theme, and painted with in every frame. */
const known = new WeakMap<Style, Codes>();

/**
A text in a style, as `<Text>` draws it. For lines that are put together as texts: Ink takes an element within a line as long as a line, to
compare, to measure and to draw.
*/
export function paint(text: string, style: Style): string {
	if (text === '') {
		return '';
	}

	const {before, after} = codesOf(style);
	return before + text + after;
}

function codesOf(style: Style): Codes {
	const kept = known.get(style);
	if (kept !== undefined) {
		return kept;
	}

	const [before = '', after = ''] = inStyle(style)('\0').split('\0');
	const codes = {before, after};
	known.set(style, codes);
	return codes;
}

/** In the order in which Ink applies them. */
function inStyle({color, bold, dimColor, inverse}: Style): ChalkInstance {
	let painter = chalk;
	if (inverse) {
		painter = painter.inverse;
	}

	if (bold) {
		painter = painter.bold;
	}

	painter = color === undefined ? painter : coloured(painter, color);
	return dimColor ? painter.dim : painter;
}

/** Only such colours as a palette has. */
function coloured(painter: ChalkInstance, color: string): ChalkInstance {
	const [, number] = /^ansi256\((\d+)\)$/.exec(color) ?? [];
	if (number !== undefined) {
		return painter.ansi256(Number(number));
	}

	return color.startsWith('#') ? painter.hex(color) : painter[color as ColorName];
}
