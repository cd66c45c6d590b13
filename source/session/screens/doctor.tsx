import {Box, Text} from 'ink';
import {cut, fit, widthOf} from '../../text/layout/fit.ts';
import {Footer} from '../components/footer.tsx';
import {HostLine} from '../components/host-line.tsx';
import {Filter} from '../components/list-pane.tsx';
import {TitledPane, windowAround} from '../components/titled-pane.tsx';
import {type CheckItem, type DetailLine, selectDoctor} from '../state/checks/select-doctor.ts';
import {selectHints} from '../state/key-hints.ts';
import {isFiltered} from '../state/lists/list.ts';
import type {Facts} from '../state/model.ts';
import type {View} from '../state/reduce.ts';
import {noticeLines, selectHostLine} from '../state/selectors.ts';
import {theme} from '../theme.ts';
import {Notices} from './notices.tsx';

type Properties = {facts: Facts; view: View; size: {columns: number; rows: number}};

/** The checks of this host, and all about the chosen one: beside the list where there is room, else below it. */
export function DoctorScreen({facts, view, size}: Properties) {
	const {columns, rows} = size;
	const {list, detail, noticeHeight, beside} = divide(facts, view, size);
	const {note, items, empty, title, lines} = selectDoctor(facts, view, detail.width - 4);
	const chosen = Math.max(
		0,
		items.findIndex(({selected}) => selected),
	);
	const {from, to} = windowAround(chosen, items.length, list.height - 2 - (isFiltered(view.lists.doctor) ? 1 : 0));
	const room = detail.height - 2;
	const top = Math.min(view.doctor.top, Math.max(0, lines.length - room));
	const shown = lines.slice(top, top + room);
	const titles = Math.max(0, ...items.map((item) => widthOf(item.title)));
	const lists = view.lists.doctor;
	const place = to - from < items.length ? `${from + 1}–${to} of ${items.length}` : '';
	return (
		<Box flexDirection="column" width={columns} height={rows} overflow="hidden">
			<HostLine parts={selectHostLine(facts)} demo={facts.demo} width={columns} />
			<Box flexDirection={beside ? 'row' : 'column'} height={rows - 2 - noticeHeight} overflow="hidden">
				<TitledPane
					title="Doctor"
					note={[
						{text: note, rank: 1},
						{text: place, rank: 0},
					]}
					{...list}
					focused
				>
					{isFiltered(lists) && (
						<Filter filter={lists.filter} typing={lists.typing} found={items.length} width={list.width - 2} />
					)}
					{items.slice(from, to).map((item) => (
						<Row key={item.id} item={item} titles={titles} width={list.width - 2} />
					))}
					{items.length === 0 && <Text {...theme.quiet}>{` ${empty}`}</Text>}
				</TitledPane>
				<TitledPane
					title={title}
					note={lines.length > room ? `${top + 1}–${top + shown.length} of ${lines.length}` : ''}
					{...detail}
					focused={false}
				>
					{shown.map((line, number) => (
						// biome-ignore lint/suspicious/noArrayIndexKey: a line of the window is nothing but its place
						<Detail key={number} line={line} />
					))}
				</TitledPane>
			</Box>
			{noticeHeight > 0 && <Notices facts={facts} view={view} width={columns} height={noticeHeight} />}
			<Footer hints={selectHints(facts, view)} width={columns} />
		</Box>
	);
}

/** How far the lines about the chosen check can be scrolled. */
export function lastDoctorTop(facts: Facts, view: View, size: Properties['size']): number {
	const {detail} = divide(facts, view, size);
	return Math.max(0, selectDoctor(facts, view, detail.width - 4).lines.length - (detail.height - 2));
}

function divide(facts: Facts, view: View, {columns, rows}: Properties['size']) {
	const noticeHeight = noticeLines(facts, view, columns);
	const height = rows - 2 - noticeHeight;
	const beside = columns >= 110;
	const width = beside ? Math.floor(columns / 2) : columns;
	const most = facts.doctor.checks.length + 2;
	const listHeight = beside ? height : Math.max(3, Math.min(most, Math.floor(height / 2)));
	return {
		beside,
		noticeHeight,
		list: {width, height: listHeight},
		detail: {width: beside ? columns - width : columns, height: beside ? height : height - listHeight},
	};
}

function Row({item, titles, width}: {item: CheckItem; titles: number; width: number}) {
	const {mark, word, style, title, found, selected} = item;
	const rest = width - titles - 17;
	return (
		<Text wrap="truncate">
			<Text {...theme.accent}>{selected ? ' ▸ ' : '   '}</Text>
			<Text {...style}>{`${mark} ${fit(word, 8)}`}</Text>
			<Text bold={selected}>{`  ${fit(title, titles)}`}</Text>
			{rest > 4 && <Text {...theme.quiet}>{`  ${cut(found, rest)}`}</Text>}
		</Text>
	);
}

function Detail({line: {kind, text}}: {line: DetailLine}) {
	const style =
		kind === 'quiet' ? theme.quiet : kind === 'command' ? theme.accent : kind === 'state' ? theme.title : {};
	return <Text wrap="truncate" {...style}>{` ${text}`}</Text>;
}
