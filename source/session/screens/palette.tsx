import {Box, Text} from 'ink';
import {cut, fit, widthOf} from '../../text/layout/fit.ts';
import {FieldLine} from '../components/field-line.tsx';
import {Footer} from '../components/footer.tsx';
import {HostLine} from '../components/host-line.tsx';
import {TitledPane, windowAround} from '../components/titled-pane.tsx';
import {selectHints} from '../state/key-hints.ts';
import type {Facts} from '../state/model.ts';
import type {PaletteItem, PaletteView} from '../state/palette/palette.ts';
import {selectPalette} from '../state/palette/select-palette.ts';
import type {Action, View} from '../state/reduce.ts';
import {selectHostLine} from '../state/selectors.ts';
import {theme} from '../theme.ts';

type Properties = {facts: Facts; view: View; palette: PaletteView; size: {columns: number; rows: number}};

/** A line to type into, and below it everything that matches. */
export function PaletteScreen({facts, view, palette, size}: Properties) {
	const {columns, rows} = size;
	const items = selectPalette(facts, view);
	const width = columns - 2;
	const {from, to} = windowAround(palette.cursor, items.length, rows - 6);
	const here = items[palette.cursor];
	const note = here?.kind === 'verb' && here.line !== undefined ? '⏎ runs it' : `${items.length} to choose from`;
	return (
		<Box flexDirection="column" width={columns} height={rows} overflow="hidden">
			<HostLine parts={selectHostLine(facts)} demo={facts.demo} width={columns} />
			<TitledPane title="What to do" note={note} width={columns} height={rows - 2} focused>
				<Box>
					<Text {...theme.accent}>{' › '}</Text>
					<FieldLine field={palette.field} width={width - 4} />
				</Box>
				<Text {...theme.warning} wrap="truncate">
					{palette.fault === '' ? ' ' : cut(` ! ${palette.fault}`, width)}
				</Text>
				{items.slice(from, to).map((item, place) => (
					<Row
						// biome-ignore lint/suspicious/noArrayIndexKey: a row of the window is nothing but its place
						key={place}
						item={item}
						selected={from + place === palette.cursor}
						width={width}
					/>
				))}
				{items.length === 0 && <Text {...theme.quiet}>{'   Nothing matches.'}</Text>}
			</TitledPane>
			<Footer hints={selectHints(facts, view)} width={columns} />
		</Box>
	);
}

/** Label, then the key or what the verb does; greyed with the reason where it does nothing now. */
function Row({item, selected, width}: {item: PaletteItem<Action>; selected: boolean; width: number}) {
	const {label, note, whyNot} = item;
	const room = Math.max(20, Math.min(width - 4, 38));
	const text = item.kind === 'verb' && item.line !== undefined ? `gpubox ${item.line}` : label;
	const shown = widthOf(text) > room ? cut(text, width - 4) : fit(text, room);
	const rest = width - 4 - widthOf(shown) - 2;
	return (
		<Text wrap="truncate">
			<Text {...theme.accent}>{selected ? ' ▸ ' : '   '}</Text>
			<Text bold={selected} {...(whyNot === undefined ? {} : theme.quiet)}>
				{shown}
			</Text>
			{rest > 3 && <Text {...theme.quiet}>{`  ${cut(whyNot ?? note, rest)}`}</Text>}
		</Text>
	);
}
