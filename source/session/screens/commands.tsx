import {Box, Text} from 'ink';
import {cut} from '../../text/layout/fit.ts';
import {Footer} from '../components/footer.tsx';
import {HostLine} from '../components/host-line.tsx';
import {TitledPane} from '../components/titled-pane.tsx';
import {selectHints} from '../state/key-hints.ts';
import type {Facts} from '../state/model.ts';
import type {View} from '../state/reduce.ts';
import {noticeLines, selectHostLine} from '../state/selectors.ts';
import {theme} from '../theme.ts';
import {Notices} from './notices.tsx';

type Properties = {facts: Facts; view: View; size: {columns: number; rows: number}};

/** What was done in this session, as commands that could have been typed. */
export function CommandsScreen({facts, view, size}: Properties) {
	const {columns, rows} = size;
	const noticeHeight = noticeLines(facts, view, columns);
	const height = rows - 2 - noticeHeight;
	const {commands} = facts;
	const end = Math.max(0, commands.length - view.commandsUp);
	const from = Math.max(0, end - (height - 2));
	const shown = commands.slice(from, end);
	return (
		<Box flexDirection="column" width={columns} height={rows} overflow="hidden">
			<HostLine parts={selectHostLine(facts)} demo={facts.demo} width={columns} />
			<TitledPane
				title="What was run"
				note={shown.length < commands.length ? `${from + 1}–${end} of ${commands.length}` : ''}
				width={columns}
				height={height}
				focused
			>
				{shown.map(({at, line}, place) => (
					// biome-ignore lint/suspicious/noArrayIndexKey: a row of the window is nothing but its place
					<Text key={place} wrap="truncate">
						<Text {...theme.quiet}>{` ${at.toTimeString().slice(0, 8)}  `}</Text>
						{cut(line, columns - 14)}
					</Text>
				))}
				{commands.length === 0 && (
					<Text {...theme.quiet}>{' Nothing yet. What keys do here stands here as commands.'}</Text>
				)}
			</TitledPane>
			{noticeHeight > 0 && <Notices facts={facts} view={view} width={columns} height={noticeHeight} />}
			<Footer hints={selectHints(facts, view)} width={columns} />
		</Box>
	);
}
