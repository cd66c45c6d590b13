import {Box, Text} from 'ink';
import {cut, fit, widthOf, wrap} from '../../text/layout/fit.ts';
import {theme} from '../theme.ts';

type Properties = {
	/** `3/10` */
	place: string;
	text: string;
	/** What to do: the key is empty where there is nothing to press. */
	press: string;
	ask: string;
	/** How to skip it, and how to leave. */
	hint: string;
	width: number;
	lines: number;
};

/** The guide below a screen: what to do now, and an explanation. With one line there is no room for the latter. */
export function TourBar({place, text, press, ask, hint, width, lines}: Properties) {
	const label = ` TOUR ${place} `;
	const verb = press === '' ? '' : 'Press ';
	const room = width - widthOf(label) - 1;
	const said = widthOf(verb) + widthOf(press) + (press === '' ? 0 : 1) + widthOf(ask);
	const shownHint = said + widthOf(hint) + 3 <= room ? hint : '';
	return (
		<Box flexDirection="column" width={width} height={lines} flexShrink={0} overflow="hidden">
			<Text wrap="truncate">
				<Text {...theme.accent} inverse bold>
					{label}
				</Text>
				<Text> {verb}</Text>
				<Text {...theme.accent} bold>
					{press}
				</Text>
				<Text>
					{press === '' ? '' : ' '}
					{cut(ask, Math.max(0, room - widthOf(verb) - widthOf(press) - 1))}
				</Text>
				<Text {...theme.quiet}>{shownHint === '' ? '' : fit(`${shownHint} `, room - said, 'right')}</Text>
			</Text>
			{lines > 1 && (
				<Box width={width} height={lines - 1} paddingX={1} overflow="hidden">
					{/* Ink alone would begin a line with the space before its first word. */}
					<Text>{wrap(text, width - 2).join('\n')}</Text>
				</Box>
			)}
		</Box>
	);
}
