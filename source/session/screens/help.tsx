import {Box} from 'ink';
import {cut, fit} from '../../text/layout/fit.ts';
import {Footer} from '../components/footer.tsx';
import {HostLine} from '../components/host-line.tsx';
import {Line} from '../components/line.tsx';
import {TitledPane} from '../components/titled-pane.tsx';
import {paint} from '../look/paint.ts';
import {type HelpLine, selectHelp} from '../state/help/select-help.ts';
import {selectHints} from '../state/key-hints.ts';
import {shownKey} from '../state/keys/key-names.ts';
import type {Facts} from '../state/model.ts';
import type {View} from '../state/reduce.ts';
import {selectHostLine} from '../state/selectors.ts';
import {theme} from '../theme.ts';

const cell = 39;

/** The whole help as rows of cells, as many beside each other as fit. */
export function helpLines(facts: Facts, view: View, {columns, room}: {columns: number; room: number}): HelpLine[][] {
	const lines = selectHelp(facts, view);
	const airy = arrange(lines, columns);
	return airy.length <= room
		? airy
		: arrange(
				lines.filter(({kind}) => kind !== 'gap'),
				columns,
			);
}

function arrange(lines: HelpLine[], columns: number): HelpLine[][] {
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
	const all = helpLines(facts, view, {columns, room});
	const shown = all.slice(view.helpTop, view.helpTop + room);
	// Only here it is known whether there is more.
	const scrolls =
		all.length > room
			? [
					{key: shownKey('down'), label: 'scroll'},
					{key: shownKey('pagedown'), label: 'page'},
				]
			: [];
	const width = Math.floor((columns - 2) / Math.max(1, Math.floor((columns - 2) / cell)));
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
					<Line key={row} text={cells.map((line) => cellText(line, width)).join('')} />
				))}
			</TitledPane>
			<Footer hints={[...scrolls, ...selectHints(facts, view)]} width={columns} />
		</Box>
	);
}

function cellText(line: HelpLine, width: number): string {
	switch (line.kind) {
		case 'gap': {
			return ' '.repeat(width);
		}

		case 'title': {
			return paint(fit(` ${line.text}`, width), theme.strong);
		}

		case 'reason': {
			const text = `${' '.repeat(13)}${line.more ? ' ' : '└'} ${line.text}`;
			return paint(fit(cut(text, width - 1), width), theme.quiet);
		}

		case 'key': {
			const keys = fit(line.keys, 11, 'right');
			const label = `  ${fit(cut(line.label, width - 14), width - 13)}`;
			return line.state === 'on'
				? `${paint(keys, theme.title)}${label}`
				: line.state === 'off'
					? paint(`${keys}${label}`, theme.quiet)
					: `${keys}${label}`;
		}
	}
}
