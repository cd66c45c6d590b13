import {Text} from 'ink';
import {cut, widthOf} from '../../text/layout/fit.ts';
import type {LogPaneView, LogRow} from '../state/log/select-log.ts';
import type {Level} from '../state/log/text/log-level.ts';
import {type Style, theme} from '../theme.ts';
import {TitledPane} from './titled-pane.tsx';

type Properties = {
	view: LogPaneView;
	width: number;
	height: number;
	focused: boolean;
};

/** The log of a box, or of several. */
export function LogPane({view, width, height, focused}: Properties) {
	const {title, note, rows, hint, empty, prompt} = view;
	const room = width - 3;
	return (
		<TitledPane title={title} note={note} width={width} height={height} focused={focused}>
			{rows.length === 0 && <Text {...theme.quiet}>{` ${cut(empty, room)}`}</Text>}
			{rows.map((row, place) => (
				// biome-ignore lint/suspicious/noArrayIndexKey: a row of the window is nothing but its place
				<Row key={place} row={row} room={room} />
			))}
			{hint.map((line, place) => (
				// biome-ignore lint/suspicious/noArrayIndexKey: as above
				<Text key={`hint ${place}`} wrap="truncate" {...theme.warning}>
					{`${place === 0 ? ' !' : '  '} ${cut(line, width - 5)}`}
				</Text>
			))}
			{prompt && <Prompt prompt={prompt} room={room} />}
		</TitledPane>
	);
}

// The theme is chosen after this is loaded.
const styleOf = (level: Level): Style => ({error: theme.bad, warning: theme.warning, debug: theme.quiet})[level];
const styleOfName = (source: number): Style =>
	[theme.accent, theme.good, theme.warning, theme.title][source % 4] ?? theme.title;

function Row({row, room}: {row: LogRow; room: number}) {
	const {marked, time, box, source, text, level} = row;
	// What has colours of its own keeps them.
	const style = level === undefined || /\u001B\[(?!2?7m)/.test(text) ? undefined : styleOf(level);
	const shown = cut(text, Math.max(1, room - time.length - widthOf(box)));
	// Each text within another costs time with every frame, and most rows have nothing but their line.
	return (
		<Text wrap="truncate">
			{marked ? <Text {...theme.accent}>▸</Text> : ' '}
			{time !== '' && <Text {...theme.quiet}>{time}</Text>}
			{box !== '' && <Text {...styleOfName(source)}>{box}</Text>}
			{style === undefined ? shown : <Text {...style}>{shown}</Text>}
		</Text>
	);
}

function Prompt({prompt, room}: {prompt: NonNullable<LogPaneView['prompt']>; room: number}) {
	const {label, before, after, problem} = prompt;
	const rest = Math.max(4, room - widthOf(label) - (problem === '' ? 0 : widthOf(problem) + 2));
	// The end of what is typed is seen.
	let shown = before;
	while (widthOf(shown) > rest - 2 && shown !== '') {
		shown = shown.slice(1);
	}

	const [under = ' ', ...behind] = [...after];
	return (
		<Text wrap="truncate">
			<Text {...theme.accent}>{` ${label}`}</Text>
			{shown}
			<Text inverse>{under}</Text>
			{cut(behind.join(''), Math.max(0, rest - widthOf(shown) - widthOf(under)))}
			<Text {...theme.warning}>{problem === '' ? '' : `  ${problem}`}</Text>
		</Text>
	);
}
