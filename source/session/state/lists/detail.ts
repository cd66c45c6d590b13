import type {Style} from '../../theme.ts';

/** A line about the chosen row, below its list. Safe to print. */
export type DetailLine = {
	/** Before the text, in a column of its own; missing where the whole line is text. */
	label?: string;
	text: string;
	style?: Style;
};

/** Of pairs of a label and a value. */
export function pairLines(pairs: ReadonlyArray<readonly [label: string, value: string]>): DetailLine[] {
	return pairs.map(([label, text]) => ({label, text}));
}
