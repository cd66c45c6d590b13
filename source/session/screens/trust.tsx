import {Box, Text} from 'ink';
import {breakLines, cut} from '../../text/layout/fit.ts';
import {Footer} from '../components/footer.tsx';
import {HostLine} from '../components/host-line.tsx';
import {Question} from '../components/message.tsx';
import {TitledPane} from '../components/titled-pane.tsx';
import {selectHints} from '../state/key-hints.ts';
import type {Facts} from '../state/model.ts';
import {answerHints} from '../state/question.ts';
import type {TrustQuestion, View} from '../state/reduce.ts';
import {selectHostLine} from '../state/selectors.ts';

type Asked = Omit<TrustQuestion, 'what'>;

/** All that is asked for, in lines that fit: nothing of it may be cut off. */
export function questionLines({title, lines}: Asked, columns: number): string[] {
	const room = columns - 4;
	return [...breakLines(title, room), '', ...lines.flatMap((line) => breakLines(line, room))];
}

/** Lines of it that are seen at once. */
export function questionRoom(rows: number): number {
	return Math.max(1, rows - 5);
}

type Properties = {facts: Facts; view: View; asked: Asked; size: {columns: number; rows: number}};

/** What a project asks for beyond a box, to be agreed to or not. */
export function TrustScreen({facts, view, asked, size}: Properties) {
	const {columns, rows} = size;
	const room = questionRoom(rows);
	const all = questionLines(asked, columns);
	const top = Math.min(asked.top, Math.max(0, all.length - room));
	const shown = all.slice(top, top + room);
	return (
		<Box flexDirection="column" width={columns} height={rows} overflow="hidden">
			<HostLine parts={selectHostLine(facts)} demo={facts.demo} width={columns} />
			<TitledPane
				title="A question first"
				note={all.length > room ? `${top + 1}–${top + shown.length} of ${all.length}` : ''}
				width={columns}
				height={rows - 3}
				focused
			>
				{shown.map((line, row) => (
					// biome-ignore lint/suspicious/noArrayIndexKey: a row of the window is nothing but its place
					<Text key={row} wrap="truncate">
						{` ${cut(line, columns - 3)}`}
					</Text>
				))}
			</TitledPane>
			<Question
				lines={[asked.question]}
				keys={view.asking === undefined ? [] : answerHints(view.asking)}
				width={columns}
			/>
			<Footer hints={selectHints(facts, view)} width={columns} />
		</Box>
	);
}
