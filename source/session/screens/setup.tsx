import {Box, Text} from 'ink';
import {breakLines, cut, fit, widthOf} from '../../text/layout/fit.ts';
import {FieldLine} from '../components/field-line.tsx';
import {Footer} from '../components/footer.tsx';
import {HostLine} from '../components/host-line.tsx';
import {TitledPane, windowAround} from '../components/titled-pane.tsx';
import {selectHints} from '../state/key-hints.ts';
import type {Facts} from '../state/model.ts';
import type {View} from '../state/reduce.ts';
import {noticeLines, selectHostLine} from '../state/selectors.ts';
import {type SetupPane, selectSetup} from '../state/setup/select-setup.ts';
import {theme} from '../theme.ts';
import {Notices} from './notices.tsx';

type Properties = {facts: Facts; view: View; size: {columns: number; rows: number}};

/** Setting the folder up: one question at a time, then the plan, then what to remember. */
export function SetupScreen({facts, view, size}: Properties) {
	const {columns, rows} = size;
	const noticeHeight = noticeLines(facts, view, columns);
	const height = rows - 2 - noticeHeight;
	const pane = selectSetup(facts, view);
	const room = height - 2;
	const inner = columns - 4;
	const {choices, cursor, rowsFirst} = pane;
	const {field, fault, step} = view.setup;
	// What is asked comes before everything else that could be said: the rows give way, the lines of this count do not.
	const linesAround = (airy: boolean) =>
		1 +
		(airy ? (pane.hints.length > 0 ? 4 : 3) : 0) +
		(field === undefined ? 0 : airy && step !== 'folder' ? 2 : 1) +
		[pane.waiting, fault].filter((text) => text !== '').length +
		pane.hints.length;
	// The lines of a plan come before the air between them.
	const planned = rowsFirst ? rowLines(pane, inner) + choices.length : 0;
	const airy = room >= 14 && planned + linesAround(true) <= room;
	const around = linesAround(airy);
	const shown = windowAround(cursor, choices.length, Math.min(choices.length, Math.max(1, room - around)));
	const gap = airy ? <Box height={1} flexShrink={0} /> : null;
	const fieldLine = field !== undefined && (
		<Box flexShrink={0} {...(step === 'folder' ? {} : {marginTop: airy ? 1 : 0})}>
			<Text bold>{'Folder: '}</Text>
			<FieldLine field={field} width={inner - 8} />
		</Box>
	);
	const rowList = pane.rows.length > 0 && <Rows pane={pane} commands={view.setup.step === 'card'} width={inner} />;
	return (
		<Box flexDirection="column" width={columns} height={rows} overflow="hidden">
			<HostLine parts={selectHostLine(facts)} demo={facts.demo} width={columns} />
			<TitledPane title={pane.title} note={pane.note} width={columns} height={height} focused>
				<Box flexDirection="column" width={columns - 2} height={room} paddingX={1} overflow="hidden">
					{gap}
					<Line bold text={pane.heading} width={inner} />
					{gap}
					{rowsFirst && (
						<Box flexDirection="column" flexShrink={1} overflow="hidden">
							{rowList}
							{pane.problems.length > 0 && gap}
							{pane.problems.map(({message, fix}) => (
								<Box key={message} flexDirection="column" flexShrink={0}>
									<Text>
										<Text {...theme.warning}>! </Text>
										{message}
									</Text>
									{fix !== '' && <Text {...theme.accent}>→ {fix}</Text>}
								</Box>
							))}
						</Box>
					)}
					{rowsFirst && gap}
					{step === 'folder' && fieldLine}
					<Box flexShrink={0}>
						<Choices
							pane={pane}
							from={shown.from}
							to={shown.to}
							width={pane.cards.length > 0 ? Math.min(inner, 36) : inner}
						/>
						{inner >= 70 && <Cards pane={pane} height={Math.max(1, shown.to - shown.from)} width={inner - 38} />}
					</Box>
					{pane.waiting !== '' && <Line style={theme.quiet} text={pane.waiting} width={inner} />}
					{step !== 'folder' && fieldLine}
					{fault !== '' && <Line style={theme.warning} text={`! ${fault}`} width={inner} />}
					{!rowsFirst && gap}
					{!rowsFirst && rowList}
					{pane.hints.length > 0 && (!rowsFirst || choices.length > 0) && gap}
					{pane.hints.map((hint) => (
						<Line key={hint} style={theme.accent} text={hint} width={inner} />
					))}
				</Box>
			</TitledPane>
			{noticeHeight > 0 && <Notices facts={facts} view={view} width={columns} height={noticeHeight} />}
			<Footer hints={selectHints(facts, view)} width={columns} />
		</Box>
	);
}

type LineProperties = {text: string; width: number; bold?: boolean; style?: typeof theme.quiet};

function Line({text, width, bold = false, style = {}}: LineProperties) {
	return (
		<Box flexShrink={0}>
			<Text wrap="truncate" bold={bold} {...style}>
				{cut(text, width)}
			</Text>
		</Box>
	);
}

function labelWidth({rows}: SetupPane, width: number): number {
	return Math.min(Math.floor(width / 2), Math.max(...rows.map(([text]) => widthOf(text))));
}

/** How many lines they take with nothing of them cut. */
function rowLines(pane: SetupPane, width: number): number {
	const room = width - labelWidth(pane, width) - 4;
	return pane.rows.reduce((sum, [, value]) => sum + breakLines(value, room).length, 0);
}

/** What is planned, or was answered, beside its name; a command to remember beside what it does. */
function Rows({pane, commands, width}: {pane: SetupPane; commands: boolean; width: number}) {
	const label = labelWidth(pane, width);
	return (
		<Box flexDirection="column" flexShrink={1} overflow="hidden">
			{pane.rows.map(([name, value], place) => (
				// biome-ignore lint/suspicious/noArrayIndexKey: a row is nothing but its place
				<Box key={place} flexShrink={0}>
					<Box width={label + 4} flexShrink={0}>
						<Text bold={commands} {...(commands ? theme.accent : theme.quiet)}>
							{`  ${fit(name, label)}  `}
						</Text>
					</Box>
					<Box width={width - label - 4}>
						<Text {...(pane.rowsFirst && name !== '' ? {} : theme.quiet)}>{value}</Text>
					</Box>
				</Box>
			))}
		</Box>
	);
}

function Choices({pane, from, to, width}: {pane: SetupPane; from: number; to: number; width: number}) {
	return (
		<Box flexDirection="column" width={width} flexShrink={0}>
			{pane.choices.slice(from, to).map(({key, label, note}, place) => {
				const marked = from + place === pane.cursor;
				return (
					<Text key={`${key} ${label}`} wrap="truncate">
						<Text {...theme.accent}>{marked ? '▸ ' : '  '}</Text>
						<Text {...theme.accent} bold>
							{fit(key, 3)}
						</Text>
						<Text bold={marked}>{cut(label, width - 6)}</Text>
						{note !== '' && <Text {...theme.quiet}>{`  ${cut(note, width - 8 - widthOf(label))}`}</Text>}
					</Text>
				);
			})}
		</Box>
	);
}

/** The cards that are there, and who is on them. */
function Cards({pane, height, width}: {pane: SetupPane; height: number; width: number}) {
	const name = Math.min(20, Math.max(0, ...pane.cards.map((card) => widthOf(card.name))));
	return (
		<Box flexDirection="column" marginLeft={2} width={width} flexShrink={0}>
			{pane.cards.slice(0, height).map((card) => (
				<Text key={card.index} wrap="truncate">
					<Text {...theme.quiet}>{`${fit(card.index, 2, 'right')} ${fit(card.name, name)}  `}</Text>
					<Text {...(card.free ? theme.good : theme.quiet)}>
						{cut(card.free ? 'free' : card.users.join(', '), width - name - 5)}
					</Text>
				</Text>
			))}
		</Box>
	);
}
