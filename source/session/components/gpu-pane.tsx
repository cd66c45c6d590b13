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

export function GpuPane({view, width, height, columns, lines, focused}: Properties) {
	const inner = {width: width - 2, height: height - 2};
	// The last card needs no air below it.
	const air = lines === 5 ? 1 : 0;
	const shownRows = Math.max(1, Math.floor((inner.height + air) / lines));
	const chosen = Math.max(
		0,
		view.items.findIndex((item) => item.selected),
	);
	const {from, to} = windowAround(chosen, view.items.length, shownRows * columns);
	const items = view.items.slice(from, to);
	const place = items.length < view.items.length ? ` · ${from + 1}–${to} of ${view.items.length}` : '';
	const perColumn = Math.ceil(items.length / columns);
	const columnWidth = Math.floor(inner.width / columns);
	const free = inner.height + air - perColumn * lines;
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
