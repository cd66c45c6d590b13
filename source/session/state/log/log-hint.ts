import {stripVTControlCharacters} from 'node:util';
import {findRemedy} from '../../../host/remedies.ts';
import {wrap} from '../../../text/fit.ts';

/**
What a known error among the lines that are seen means, and what mends it; empty when there is none, or no room to tell.

@param width columns
@param rows at most so many lines
*/
export function hintFor(lines: readonly string[], width: number, rows: number): string[] {
	const known = findRemedy(stripVTControlCharacters(lines.join('\n')));
	const hint = known === undefined ? [] : wrap(`${known.meaning} → ${known.fix}`, width);
	return hint.length > rows ? [] : hint;
}
