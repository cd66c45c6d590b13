import {widthOf} from '../../text/layout/fit.ts';
import {paint} from '../look/paint.ts';
import type {Hint} from '../state/keys/binding.ts';
import {theme} from '../theme.ts';
import {Line} from './line.tsx';

/** The keys in one line. What does not fit is left out from the middle: help and quit always stay. */
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
	const always = hints.slice(-2);
	const others = hints.slice(0, -2);
	while (others.length > 0 && lengthOf([...others, ...always]) > width) {
		others.pop();
	}

	return [...others, ...always];
}
