import {Box} from 'ink';
import type {ReactNode} from 'react';
import {cut, widthOf} from '../../text/layout/fit.ts';
import {paint} from '../look/paint.ts';
import type {NotePart} from '../state/note-part.ts';
import {theme} from '../theme.ts';
import {Line} from './line.tsx';

type Properties = {
	title: string;
	/** At the right end of the upper edge. */
	note?: string | readonly NotePart[];
	/** Whole size, borders included. */
	width: number;
	height: number;
	focused: boolean;
	children: ReactNode;
};

/** A frame with its title in the upper edge. A focused one is told by a mark too, not by colour alone. */
export function TitledPane({title, note = '', width, height, focused, children}: Properties) {
	const style = focused ? theme.focusedBorder : theme.border;
	const inner = Math.max(0, width - 2);
	const shownTitle = cut(` ${focused ? '▸ ' : ''}${title} `, inner - 1);
	const shownNote = noteThatFits(
		typeof note === 'string' ? [{text: note, rank: 0}] : note,
		inner - 2 - widthOf(shownTitle),
	);
	const line = Math.max(0, inner - 1 - widthOf(shownTitle) - widthOf(shownNote) - (shownNote === '' ? 0 : 1));
	return (
		<Box flexDirection="column" width={width} height={height} flexShrink={0} overflow="hidden">
			<Line
				text={[
					paint('╭─', style),
					paint(shownTitle, focused ? theme.focusedBorder : theme.title),
					paint('─'.repeat(line), style),
					paint(shownNote, theme.quiet),
					paint(shownNote === '' ? '╮' : '─╮', style),
				].join('')}
			/>
			<Box
				flexDirection="column"
				width={width}
				height={Math.max(1, height - 1)}
				borderStyle="round"
				borderTop={false}
				overflow="hidden"
				{...(style.color === undefined ? {} : {borderColor: style.color})}
			>
				{children}
			</Box>
		</Box>
	);
}

function noteThatFits(parts: readonly NotePart[], room: number): string {
	const told = parts.filter(({text}) => text !== '');
	const inWords = (some: readonly NotePart[]) => ` ${some.map(({text}) => text).join(' · ')} `;
	let shown = told;
	while (shown.length > 1 && widthOf(inWords(shown)) > room) {
		const last = Math.max(...shown.map(({rank}) => rank));
		const goes = shown.findLastIndex(({rank}) => rank === last);
		shown = shown.toSpliced(goes, 1);
	}

	return shown.length === 0 ? '' : cut(inWords(shown), room);
}

/** The part of a list to show in `room` places so that the chosen one is among them, halfway down where possible. */
export function windowAround(chosen: number, length: number, room: number): {from: number; to: number} {
	const places = Math.max(1, room);
	const from = Math.max(0, Math.min(length - places, chosen - Math.floor(places / 2)));
	return {from, to: Math.min(length, from + places)};
}
