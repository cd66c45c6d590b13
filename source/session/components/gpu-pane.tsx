import {Box, Text} from 'ink';
import type {GpuItem, GpuPaneView} from '../state/selectors.ts';
import {theme} from '../theme.ts';
import {GpuCard, GpuRow, GpuSecondLine} from './gpu-row.tsx';
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
	const place = items.length < view.items.length ? ` · ${from + 1}–${to} of ${view.items.length}` : '';
	const free = inner.height + airBelow(lines) - perColumn * lines;
	return (
		<TitledPane title={view.title} note={`${view.note}${place}`} width={width} height={height} focused={focused}>
			{items.length > 0 && (
				<Box>
					{Array.from({length: columns}, (_, column) => (
						// biome-ignore lint/suspicious/noArrayIndexKey: a column is nothing but its place
						<Box key={column} flexDirection="column" width={columnWidth}>
							{items.slice(column * perColumn, (column + 1) * perColumn).map((item) => (
								<Gpu key={item.uuid} item={item} width={columnWidth} lines={lines} />
							))}
						</Box>
					))}
				</Box>
			)}
			{(items.length === 0 || free > 0) && <Problems view={view} width={inner.width} />}
		</TitledPane>
	);
}

function Gpu({item, width, lines}: {item: GpuItem; width: number; lines: number}) {
	if (lines >= 4) {
		return <GpuCard item={item} width={width} height={lines} />;
	}

	return (
		<>
			<GpuRow item={item} width={width} />
			{lines === 2 && <GpuSecondLine item={item} width={width} />}
		</>
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
