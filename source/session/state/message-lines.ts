import {breakLines} from '../../text/layout/fit.ts';
import type {Message} from './model.ts';

/** More would leave nothing of what it is about. */
const mostLines = 10;

/** Columns beside the text: its mark, and an arrow before what to do. */
export const besideText = 4;
export const besideFix = 6;

/** A message whole, in the lines that it takes on a screen of this width: what is wrong, then what to do. */
export function linesOf({text, fix}: Pick<Message, 'text' | 'fix'>, width: number): {text: string[]; fix: string[]} {
	return {
		text: breakLines(text, width - besideText),
		fix: fix === '' ? [] : breakLines(fix, width - besideFix),
	};
}

/** How many lines it is given. */
export function heightOf(message: Pick<Message, 'text' | 'fix'>, width: number): number {
	const {text, fix} = linesOf(message, width);
	return Math.min(mostLines, text.length + fix.length);
}
