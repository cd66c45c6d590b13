import {Text} from 'ink';
import {cut, widthOf} from '../../text/layout/fit.ts';
import {charactersOf, type Field} from '../state/setup/field.ts';
import {theme} from '../theme.ts';

/** A text that is being typed, with the cursor. Where it is too long, what is around the cursor is shown. */
export function FieldLine({field, width}: {field: Field; width: number}) {
	const [under = ' ', ...rest] = charactersOf(field.after);
	const before = tail(field.before, width - widthOf(under));
	const behind = width - widthOf(before) - widthOf(under);
	return (
		<Text wrap="truncate">
			{cut(before, width)}
			<Text {...theme.accent} inverse>
				{under}
			</Text>
			{cut(rest.join(''), behind)}
		</Text>
	);
}

function tail(text: string, width: number): string {
	if (widthOf(text) <= width) {
		return text;
	}

	let shown = '';
	for (const character of charactersOf(text).toReversed()) {
		if (widthOf(character + shown) > width - 1) {
			break;
		}

		shown = character + shown;
	}

	return `…${shown}`;
}
