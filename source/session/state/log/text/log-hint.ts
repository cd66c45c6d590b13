import {stripVTControlCharacters} from 'node:util';
import {findRemedy} from '../../../../host/remedies.ts';
import {wrap} from '../../../../text/layout/fit.ts';

/**
What a known error in the visible part of a log means, and what fixes it; empty when there is none, or no room to show it.

@param width columns
@param rows at most so many lines
*/
export function hintFor(text: string, width: number, rows: number): string[] {
	const known = findRemedy(stripVTControlCharacters(text));
	const hint = known === undefined ? [] : wrap(`${known.meaning} → ${known.fix}`, width);
	return hint.length > rows ? [] : hint;
}
