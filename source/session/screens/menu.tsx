import {Box, Text} from 'ink';
import {cut, fit, widthOf} from '../../text/layout/fit.ts';
import {safeText} from '../../text/safe.ts';
import {Footer} from '../components/footer.tsx';
import {HostLine} from '../components/host-line.tsx';
import {TitledPane, windowAround} from '../components/titled-pane.tsx';
import {selectHints} from '../state/key-hints.ts';
import type {MenuView} from '../state/menu/menu.ts';
import type {Facts} from '../state/model.ts';
import type {View} from '../state/reduce.ts';
import {selectHostLine} from '../state/selectors.ts';
import {theme} from '../theme.ts';

type Properties = {facts: Facts; view: View; menu: MenuView; size: {columns: number; rows: number}};

/** A short list to choose from: a key, a name and a value in each line. */
export function MenuScreen({facts, view, menu, size}: Properties) {
	const {columns, rows} = size;
	const items = menu.items ?? [];
	const label = Math.max(0, ...items.map((item) => widthOf(item.label)));
	const {from, to} = windowAround(menu.cursor, items.length, rows - 4);
	return (
		<Box flexDirection="column" width={columns} height={rows} overflow="hidden">
			<HostLine parts={selectHostLine(facts)} demo={facts.demo} width={columns} />
			<TitledPane title={safeText(menu.title)} width={columns} height={rows - 2} focused>
				{items.slice(from, to).map((item, place) => {
					const selected = from + place === menu.cursor;
					return (
						<Text key={item.key} wrap="truncate">
							<Text {...theme.accent}>{selected ? ' ▸ ' : '   '}</Text>
							<Text {...theme.accent} bold>
								{fit(item.key, 3)}
							</Text>
							<Text bold={selected}>{fit(item.label, label)}</Text>
							<Text {...theme.quiet}>{`  ${cut(safeText(item.shown), columns - label - 12)}`}</Text>
						</Text>
					);
				})}
				{items.length === 0 && (
					<Text {...theme.quiet}>{menu.items === undefined ? ' Looking …' : ' There is nothing to copy.'}</Text>
				)}
			</TitledPane>
			<Footer hints={selectHints(facts, view)} width={columns} />
		</Box>
	);
}
