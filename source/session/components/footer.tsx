import {widthOf} from '../../text/layout/fit.ts';
import {paint} from '../look/paint.ts';
import type {Hint} from '../state/keys/binding.ts';
import {theme} from '../theme.ts';
import {Line} from './line.tsx';

/** The keys in one line. What does not fit is left out from the middle: the way back, help and quit stay to the last. */
export function Footer({hints, width}: {hints: Hint[]; width: number}) {
	const shown = hintsThatFit(hints, width);
	return (
		<Line
			text={shown
				.map(
					({key, label}, place) =>
						`${place === 0 ? ' ' : '  '}${paint(key, theme.strong)}${paint(` ${label}`, theme.quiet)}`,
				)
				.join('')}
		/>
	);
}

function hintsThatFit(hints: Hint[], width: number): Hint[] {
	const lengthOf = (some: Hint[]) => some.reduce((sum, {key, label}) => sum + widthOf(key) + widthOf(label) + 3, 0);
	const last = hints.slice(-2);
	let shown = [...hints];
	while (lengthOf(shown) > width) {
		const goes = shown.findLast((hint) => hint.stays !== true && !last.includes(hint));
		if (goes === undefined) {
			break;
		}

		shown = shown.filter((hint) => hint !== goes);
	}

	return shown;
}
