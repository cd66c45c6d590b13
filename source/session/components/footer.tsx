import {Text} from 'ink';
import {widthOf} from '../../text/layout/fit.ts';
import type {Hint} from '../state/keys/binding.ts';
import {theme} from '../theme.ts';

/** The keys in one line. What does not fit is left out from the middle: help and quit always stay. */
export function Footer({hints, width}: {hints: Hint[]; width: number}) {
	const shown = hintsThatFit(hints, width);
	return (
		<Text wrap="truncate">
			{shown.map(({key, label}, place) => (
				<Text key={`${key}${label}`}>
					{place === 0 ? ' ' : '  '}
					<Text {...theme.accent} bold>
						{key}
					</Text>
					<Text {...theme.quiet}> {label}</Text>
				</Text>
			))}
		</Text>
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
