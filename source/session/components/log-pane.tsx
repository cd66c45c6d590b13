import {stripVTControlCharacters} from 'node:util';
import {Text} from 'ink';
import {cut} from '../../text/layout/fit.ts';
import {theme} from '../theme.ts';
import {TitledPane} from './titled-pane.tsx';

type Properties = {
	title: string;
	note: string;
	/** Only the lines that are seen; long ones are cut here. */
	lines: string[];
	/** Lines of gpubox's own, below. */
	hint: string[];
	/** Said where there are no lines. */
	empty: string;
	width: number;
	height: number;
	focused: boolean;
};

export function LogPane({title, note, lines, hint, empty, width, height, focused}: Properties) {
	const room = width - 3;
	return (
		<TitledPane title={title} note={note} width={width} height={height} focused={focused}>
			{lines.length === 0 && <Text {...theme.quiet}>{` ${cut(empty, room)}`}</Text>}
			{lines.map((line, place) => (
				// biome-ignore lint/suspicious/noArrayIndexKey: a line of the window is nothing but its place
				<Text key={place} wrap="truncate">
					{` ${cut(theme.colours ? line : stripVTControlCharacters(line), room)}`}
				</Text>
			))}
			{hint.map((line, place) => (
				// biome-ignore lint/suspicious/noArrayIndexKey: as above
				<Text key={`hint ${place}`} wrap="truncate" {...theme.warning}>
					{`${place === 0 ? ' !' : '  '} ${cut(line, width - 5)}`}
				</Text>
			))}
		</TitledPane>
	);
}
