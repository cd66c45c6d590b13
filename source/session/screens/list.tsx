import {Box, Text} from 'ink';
import {useEffect} from 'react';
import {cut, fit} from '../../text/layout/fit.ts';
import {Footer} from '../components/footer.tsx';
import {HostLine} from '../components/host-line.tsx';
import {foldedCells, ListPane, linesBesideRows} from '../components/list-pane.tsx';
import {Tabs} from '../components/tabs.tsx';
import {TitledPane, windowAround} from '../components/titled-pane.tsx';
import type {Session} from '../session.ts';
import {selectHints} from '../state/key-hints.ts';
import {pairLines} from '../state/lists/detail.ts';
import type {ListName} from '../state/lists/reduce-lists.ts';
import {selectRowDetail} from '../state/machine/row-detail.ts';
import {selectList} from '../state/machine/select-lists.ts';
import {selectTabs} from '../state/machine/tabs.ts';
import type {Facts} from '../state/model.ts';
import type {View} from '../state/reduce.ts';
import {noticeLines, selectHostLine} from '../state/selectors.ts';
import {theme} from '../theme.ts';
import {Notices} from './notices.tsx';

type Properties = {
	name: ListName;
	facts: Facts;
	view: View;
	size: {columns: number; rows: number};
	now: Date;
	onShown: Pick<Session, 'showRows' | 'showColumns' | 'showDetail'>;
};

const rowsForDetail = 16;
const noDetail: ReturnType<typeof selectRowDetail> = {note: '', lines: []};

/** What is shown, and how the lines are shared out: rows `from` up to `to` of the list, and the details below. */
export function listParts(
	name: ListName,
	facts: Facts,
	view: View,
	{size: {columns, rows}, now}: Pick<Properties, 'size' | 'now'>,
) {
	const shown = selectList(name, facts, view, now);
	const told =
		rows < rowsForDetail || shown.chosen === undefined
			? noDetail
			: selectRowDetail(name, shown.chosen.id, facts, {now, width: columns - 4});
	// What has no column, or is cut in it, is below the list, where that has nothing else to say.
	const detail =
		told.lines.length > 0 || rows < rowsForDetail || shown.chosen === undefined
			? told
			: {...told, lines: pairLines(foldedCells(shown.columns, shown.rows, shown.chosen, columns - 2))};
	// Of a host with many GPUs there is much to say, and few have many hosts.
	const share = name === 'hosts' ? 2 : 3;
	const detailHeight = detail.lines.length === 0 ? 0 : Math.min(detail.lines.length + 2, Math.floor(rows / share));
	const noticeHeight = noticeLines(facts, view, columns);
	const height = Math.max(4, rows - 3 - detailHeight - noticeHeight);
	const room = Math.max(0, height - linesBesideRows({...view.lists[name], problem: shown.problem}));
	const place = shown.chosen === undefined ? 0 : shown.rows.indexOf(shown.chosen);
	const {from, to} = windowAround(place, shown.rows.length, room);
	return {shown, detail, detailHeight, noticeHeight, height, from, to: room === 0 ? from : to};
}

/** A list on a screen of its own, and below it what is known of the row chosen. */
export function ListScreen({name, facts, view, size, now, onShown}: Properties) {
	const {columns, rows} = size;
	const list = view.lists[name];
	const tabs = selectTabs(view);
	const {shown, detail, detailHeight, noticeHeight, height, from, to} = listParts(name, facts, view, {size, now});
	const measured = shown.rows.slice(from, to).filter((row) => row.measured);
	const ids = measured.map(({id}) => id).join(' ');
	const detailOf = name === 'containers' && detailHeight > 0 ? shown.chosen?.id : undefined;
	const {showRows, showColumns, showDetail} = onShown;
	useEffect(() => {
		showRows(ids === '' ? [] : ids.split(' '));
	}, [ids, showRows]);
	useEffect(() => {
		showDetail(detailOf);
	}, [detailOf, showDetail]);
	useEffect(
		() => () => {
			showRows([]);
			showColumns([]);
			showDetail(undefined);
		},
		[showRows, showColumns, showDetail],
	);
	return (
		<Box flexDirection="column" width={columns} height={rows} overflow="hidden">
			<HostLine parts={selectHostLine(facts)} demo={facts.demo} width={columns} />
			<Tabs tabs={tabs} width={columns} />
			<ListPane
				{...shown}
				from={from}
				to={to}
				sort={list.sort}
				filter={list.filter}
				typing={list.typing}
				width={columns}
				height={height}
				onColumns={showColumns}
			/>
			{detailHeight > 0 && (
				<TitledPane
					title={detail.title ?? shown.chosen?.cells.name?.text ?? ''}
					note={detail.note}
					width={columns}
					height={detailHeight}
					focused={false}
				>
					{detail.lines.slice(0, detailHeight - 2).map(({label, text, style = {}}, line) => (
						// biome-ignore lint/suspicious/noArrayIndexKey: labels may repeat, the order is fixed
						<Text key={line} wrap="truncate">
							<Text {...theme.quiet}>{label === undefined ? ' ' : ` ${fit(label, 9)} `}</Text>
							<Text {...style}>{cut(text, columns - (label === undefined ? 4 : 14))}</Text>
						</Text>
					))}
				</TitledPane>
			)}
			{noticeHeight > 0 && <Notices facts={facts} view={view} width={columns} height={noticeHeight} />}
			<Footer hints={selectHints(facts, view)} width={columns} />
		</Box>
	);
}
