import {Box, Text} from 'ink';
import {cut, fit, widthOf} from '../../text/layout/fit.ts';
import {Footer} from '../components/footer.tsx';
import {HostLine} from '../components/host-line.tsx';
import {TitledPane} from '../components/titled-pane.tsx';
import {selectHints} from '../state/key-hints.ts';
import type {Facts} from '../state/model.ts';
import type {View} from '../state/reduce.ts';
import {messageLines, selectHostLine} from '../state/selectors.ts';
import {type EventItem, selectEvents} from '../state/tells/select-events.ts';
import {theme} from '../theme.ts';
import {Notices} from './notices.tsx';

type Properties = {facts: Facts; view: View; size: {columns: number; rows: number}; now: Date};

/** What happened since the session began, the newest first. */
export function EventsScreen({facts, view, size, now}: Properties) {
	const {columns, rows} = size;
	const noticeHeight = facts.tasks.length > 0 || view.asking !== undefined ? messageLines(facts, view, columns) : 0;
	const height = rows - 2 - noticeHeight;
	const items = selectEvents(facts, now);
	const room = Math.max(1, height - 2);
	const top = Math.min(view.eventsTop, Math.max(0, items.length - room));
	const shown = items.slice(top, top + room);
	const note = items.length > shown.length ? `${top + 1}–${top + shown.length} of ${items.length}` : '';
	return (
		<Box flexDirection="column" width={columns} height={rows} overflow="hidden">
			<HostLine parts={selectHostLine(facts)} demo={facts.demo} width={columns} />
			<TitledPane title="What happened" note={note} width={columns} height={height} focused>
				{shown.map((item) => (
					<Row key={item.id} item={item} width={columns - 2} />
				))}
				{items.length === 0 && (
					<Box paddingX={1}>
						<Text {...theme.quiet}>
							Nothing since the session began. Lost, slowed and free GPUs, ends of boxes and jobs, and a full disk are
							listed here.
						</Text>
					</Box>
				)}
			</TitledPane>
			{noticeHeight > 0 && <Notices facts={facts} view={view} width={columns} height={noticeHeight} />}
			<Footer hints={selectHints(facts, view)} width={columns} />
		</Box>
	);
}

function Row({item, width}: {item: EventItem; width: number}) {
	const text = cut(item.text, width - 4 - widthOf(item.time));
	const room = width - 8 - widthOf(item.time) - widthOf(text);
	return (
		<Text wrap="truncate">
			<Text {...theme.quiet}>{` ${item.time} `}</Text>
			<Text {...item.style}>{item.mark} </Text>
			{text}
			{item.fix !== '' && room >= 16 && <Text {...theme.quiet}>{`  ${fit(`→ ${item.fix}`, room)}`}</Text>}
		</Text>
	);
}
