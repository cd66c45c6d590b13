import {Box, Text} from 'ink';
import {cut, fit} from '../../text/layout/fit.ts';
import {Footer} from '../components/footer.tsx';
import {HostLine} from '../components/host-line.tsx';
import {TitledPane} from '../components/titled-pane.tsx';
import {selectHints} from '../state/key-hints.ts';
import {bindings} from '../state/keymap.ts';
import type {Scope} from '../state/keys/binding.ts';
import {shownKey} from '../state/keys/key-names.ts';
import type {Facts} from '../state/model.ts';
import type {View} from '../state/reduce.ts';
import {selectHostLine} from '../state/selectors.ts';
import {theme} from '../theme.ts';

const sections: Array<[scope: Scope, title: string]> = [
	['main', 'Boxes and screens'],
	['boxes', 'In the list of boxes'],
	['gpus', 'In the list of GPUs'],
	['side', 'In the log'],
	['images', 'On the images screen'],
	['hosts', 'On the hosts screen'],
	['anywhere', 'Anywhere'],
	['tour', 'On the tour of the demo host'],
];

type Line = {title: string} | {keys: string; label: string};

const cell = 39;

/** The whole help as rows of cells, as many beside each other as fit. Made from the table of keys alone. */
export function helpLines(columns: number, room: number, tour: boolean): Line[][] {
	const airy = arrange(columns, true, tour);
	return airy.length <= room ? airy : arrange(columns, false, tour);
}

function arrange(columns: number, airy: boolean, tour: boolean): Line[][] {
	const shown = sections.filter(([scope]) => tour || scope !== 'tour');
	const lines: Line[] = shown.flatMap(([scope, title], place) => [
		...(place > 0 && airy ? [{title: ''}] : []),
		{title},
		...bindings
			.filter((binding) => binding.scope === scope && binding.label !== '')
			.map(({keys, label}) => ({keys: keys.slice(0, 2).map(shownKey).join(' '), label})),
	]);
	const beside = Math.max(1, Math.floor((columns - 2) / cell));
	const height = Math.ceil(lines.length / beside);
	return Array.from({length: height}, (_, row) =>
		Array.from({length: beside}, (_, column) => lines[column * height + row]).filter((line) => line !== undefined),
	);
}

type Properties = {facts: Facts; view: View; size: {columns: number; rows: number}};

export function HelpScreen({facts, view, size}: Properties) {
	const {columns, rows} = size;
	const room = rows - 4;
	const all = helpLines(columns, room, view.tour !== undefined);
	const shown = all.slice(view.helpTop, view.helpTop + room);
	const width = Math.min(cell, columns - 2);
	return (
		<Box flexDirection="column" width={columns} height={rows} overflow="hidden">
			<HostLine parts={selectHostLine(facts)} demo={facts.demo} width={columns} />
			<TitledPane
				title="Keys"
				note={all.length > room ? `${view.helpTop + 1}–${view.helpTop + shown.length} of ${all.length}` : ''}
				width={columns}
				height={rows - 2}
				focused
			>
				{shown.map((cells, row) => (
					// biome-ignore lint/suspicious/noArrayIndexKey: a row of the window is nothing but its place
					<Text key={row} wrap="truncate">
						{cells.map((line, column) => (
							// biome-ignore lint/suspicious/noArrayIndexKey: as above
							<Cell key={column} line={line} width={width} />
						))}
					</Text>
				))}
			</TitledPane>
			<Footer hints={selectHints(facts, view, {demo: false, images: false})} width={columns} />
		</Box>
	);
}

function Cell({line, width}: {line: Line; width: number}) {
	if ('title' in line) {
		return (
			<Text {...theme.accent} bold>
				{fit(` ${line.title}`, width)}
			</Text>
		);
	}

	return (
		<Text>
			<Text bold>{fit(line.keys, 11, 'right')}</Text>
			{`  ${fit(cut(line.label, width - 14), width - 13)}`}
		</Text>
	);
}
