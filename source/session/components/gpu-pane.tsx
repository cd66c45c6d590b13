import {Box, Text} from 'ink';
import type {GpuItem, GpuPaneView} from '../state/selectors.ts';
import {theme} from '../theme.ts';
import {gpuLines, padded} from './gpu-lines.ts';
import {Line} from './line.tsx';
import {TitledPane, windowAround} from './titled-pane.tsx';

type Properties = {
	view: GpuPaneView;
	width: number;
	height: number;
	/** GPUs side by side, and lines for each. */
	columns: 1 | 2;
	lines: number;
	focused: boolean;
};

/** The last card needs no air below it. */
function airBelow(lines: number): number {
	return lines === 5 ? 1 : 0;
}

/** Which GPUs are shown, and how they are arranged within the frame: one column after the other. */
export function gpuWindow(
	items: ReadonlyArray<Pick<GpuItem, 'selected'>>,
	{width, height, columns, lines}: Pick<Properties, 'width' | 'height' | 'columns' | 'lines'>,
): {from: number; to: number; perColumn: number; columnWidth: number} {
	const shownRows = Math.max(1, Math.floor((height - 2 + airBelow(lines)) / lines));
	const chosen = Math.max(
		0,
		items.findIndex((item) => item.selected),
	);
	const {from, to} = windowAround(chosen, items.length, shownRows * columns);
	return {from, to, perColumn: Math.ceil((to - from) / columns), columnWidth: Math.floor((width - 2) / columns)};
}

export function GpuPane({view, width, height, columns, lines, focused}: Properties) {
	const inner = {width: width - 2, height: height - 2};
	const {from, to, perColumn, columnWidth} = gpuWindow(view.items, {width, height, columns, lines});
	const items = view.items.slice(from, to);
	const place = items.length < view.items.length ? `${from + 1}–${to} of ${view.items.length}` : '';
	const free = inner.height + airBelow(lines) - perColumn * lines;
	const rows = arrange(
		items.map((item) => gpuLines(item, columnWidth, lines)),
		{perColumn, columnWidth, rows: Math.min(inner.height, perColumn * lines)},
	);
	return (
		<TitledPane
			title={view.title}
			note={[...view.note, {text: place, rank: 1}]}
			width={width}
			height={height}
			focused={focused}
		>
			{rows.map((row, place) => (
				// biome-ignore lint/suspicious/noArrayIndexKey: a row is nothing but its place
				<Line key={place} text={row} />
			))}
			{(items.length === 0 || free > 0) && <Problems view={view} width={inner.width} />}
		</TitledPane>
	);
}

/** Cards as rows of the pane, one column after the other. */
function arrange(
	cards: ReadonlyArray<readonly string[]>,
	{perColumn, columnWidth, rows}: {perColumn: number; columnWidth: number; rows: number},
): string[] {
	const columns = Array.from({length: Math.ceil(cards.length / perColumn)}, (_, column) =>
		cards.slice(column * perColumn, (column + 1) * perColumn).flat(),
	);
	return Array.from({length: rows}, (_, row) =>
		columns
			.map((column, place) => {
				const line = column[row] ?? '';
				return place === columns.length - 1 ? line : padded(line, columnWidth);
			})
			.join(''),
	);
}

function Problems({view, width}: {view: GpuPaneView; width: number}) {
	if (view.problems.length === 0 && view.items.length === 0) {
		return <Text {...theme.quiet}>{view.waiting ? ' Asking nvidia-smi …' : ' No GPU.'}</Text>;
	}

	return (
		<>
			{view.problems.map(({message, fix}) => (
				<Box key={message} flexDirection="column" width={width} paddingX={1}>
					<Text>
						<Text {...theme.warning}>! </Text>
						{message}
					</Text>
					{fix !== '' && <Text {...theme.accent}>→ {fix}</Text>}
				</Box>
			))}
		</>
	);
}
