import {Box, Text} from 'ink';
import {
	boxesCell,
	cardsCell,
	diskCell,
	driverCell,
	lockCell,
	runsOn,
	statesCell,
	troubleLines,
} from '../../app/hosts/cells.ts';
import {type HostFacts, hasAnswered, isKnown} from '../../app/hosts/facts.ts';
import {formatDuration} from '../../text/duration.ts';
import {cut, fit} from '../../text/layout/fit.ts';
import {safeText} from '../../text/safe.ts';
import {Footer} from '../components/footer.tsx';
import {HostLine} from '../components/host-line.tsx';
import {Tabs} from '../components/tabs.tsx';
import {TitledPane, windowAround} from '../components/titled-pane.tsx';
import {chosenHost} from '../state/hosts/reduce-hosts.ts';
import {selectHints} from '../state/key-hints.ts';
import {selectTabs} from '../state/machine/tabs.ts';
import type {Facts} from '../state/model.ts';
import type {View} from '../state/reduce.ts';
import {noticeLines, selectHostLine} from '../state/selectors.ts';
import {theme} from '../theme.ts';
import {Notices} from './notices.tsx';

type Properties = {facts: Facts; view: View; size: {columns: number; rows: number}; now: Date};

/** Several hosts below each other, one line each; the chosen one in full in a second pane. */
export function HostsScreen({facts, view, size, now}: Properties) {
	const {columns, rows} = size;
	const {names, answers, heardAt, runs, phase, problem} = facts.hosts;
	const chosen = chosenHost(view, names);
	const detail =
		chosen === undefined || rows < 16 ? [] : detailOf(answers.get(chosen), runsOn(runs, chosen), columns - 4);
	const detailHeight = detail.length === 0 ? 0 : Math.min(detail.length + 2, Math.floor(rows / 2));
	const noticeHeight = noticeLines(facts, view, columns);
	const withTabs = rows >= 16;
	const height = rows - (withTabs ? 3 : 2) - detailHeight - noticeHeight;
	const {from, to} = windowAround(chosen === undefined ? 0 : names.indexOf(chosen), names.length, height - 2);
	const answered = names.filter((name) => isAlive(answers.get(name))).length;
	return (
		<Box flexDirection="column" width={columns} height={rows} overflow="hidden">
			<HostLine parts={selectHostLine(facts)} demo={facts.demo} width={columns} />
			{withTabs && <Tabs tabs={selectTabs(view)} width={columns} />}
			<TitledPane
				title="Hosts"
				note={names.length === 0 ? '' : `${answered} of ${names.length} answered`}
				width={columns}
				height={height}
				focused
			>
				{names.slice(from, to).map((name) => (
					<Row
						key={name}
						name={name}
						facts={answers.get(name)}
						ages={{now: now.getTime(), heardAt: heardAt.get(name)}}
						selected={name === chosen}
						width={columns - 2}
					/>
				))}
				{names.length === 0 && (
					<Box flexDirection="column" paddingX={1} width={columns - 2}>
						{phase === 'failed' ? (
							<>
								<Text>
									<Text {...theme.warning}>! </Text>
									{problem?.message ?? ''}
								</Text>
								<Text {...theme.accent}>{problem?.fix ? `→ ${problem.fix}` : ' '}</Text>
							</>
						) : (
							<Text {...theme.quiet}>Asking the hosts …</Text>
						)}
					</Box>
				)}
			</TitledPane>
			{detailHeight > 0 && (
				<TitledPane title={safeText(chosen ?? '')} width={columns} height={detailHeight} focused={false}>
					{detail.slice(0, detailHeight - 2).map(({text, trouble}, place) => (
						// biome-ignore lint/suspicious/noArrayIndexKey: a line of the pane is nothing but its place
						<Text key={place} wrap="truncate" {...(trouble ? theme.warning : {})}>
							{` ${text}`}
						</Text>
					))}
				</TitledPane>
			)}
			{noticeHeight > 0 && <Notices facts={facts} view={view} width={columns} height={noticeHeight} />}
			<Footer hints={selectHints(facts, view)} width={columns} />
		</Box>
	);
}

function isAlive(facts: HostFacts | undefined): facts is HostFacts {
	return facts !== undefined && hasAnswered(facts);
}

type RowProperties = {
	name: string;
	facts: HostFacts | undefined;
	/** Milliseconds since 1970. */
	ages: {now: number; heardAt: number | undefined};
	selected: boolean;
	width: number;
};

function Row({name, facts, ages, selected, width}: RowProperties) {
	const alive = isAlive(facts);
	const free = alive && isKnown(facts.gpus) && facts.gpus.value.cards.some(({state}) => state === 'free');
	const style = facts === undefined ? theme.quiet : alive ? (free ? theme.good : {}) : theme.bad;
	const nameWidth = Math.min(20, Math.max(10, Math.floor(width / 5)));
	const age = ages.heardAt === undefined ? '' : formatDuration(Math.max(0, ages.now - ages.heardAt));
	const room = Math.max(0, width - nameWidth - 4 - 6 - 2);
	return (
		<Text wrap="truncate">
			<Text {...theme.accent}>{selected ? '▸' : ' '}</Text>
			<Text {...style}>{facts === undefined ? '…' : alive ? (free ? '●' : '○') : '✕'} </Text>
			<Text bold={selected}>{fit(safeText(name), nameWidth)}</Text>
			<Text {...(alive ? {} : theme.quiet)}>{`  ${fit(rowText(facts, room), room)}`}</Text>
			<Text {...theme.quiet}>{fit(age, 6, 'right')}</Text>
		</Text>
	);
}

/** What fits of a host, the most important first. */
function rowText(facts: HostFacts | undefined, room: number): string {
	if (facts === undefined) {
		return 'asking …';
	}

	if (!hasAnswered(facts)) {
		return cut(troubleLines(facts)[0]?.text ?? '', room);
	}

	const columns: Array<[text: string, width: number]> = [
		[statesCell(facts), 34],
		[driverCell(facts), 12],
		[diskCell(facts), 9],
		[cardsCell(facts), 32],
		[boxesCell(facts), 40],
	];
	let text = '';
	for (const [cell, wide] of columns) {
		const next = `${text}${text === '' ? '' : '  '}${fit(cut(cell, wide), wide)}`;
		if (next.length > room) {
			return text === '' ? cut(cell, room) : text;
		}

		text = next;
	}

	return text;
}

type Line = {text: string; trouble?: true};

function detailOf(facts: HostFacts | undefined, runs: readonly string[], width: number): Line[] {
	if (facts === undefined) {
		return [];
	}

	const lock = lockCell(facts);
	const cards = isKnown(facts.gpus)
		? facts.gpus.value.cards.map(({index, name, state, reason, boxes}) =>
				[`GPU ${index}  ${fit(state, 8)}  ${name}`, reason ?? '', boxes.map(safeText).join(', ')]
					.filter((part) => part !== '')
					.join('  '),
			)
		: [];
	const troubles = troubleLines(facts).flatMap(({text, fix}): Line[] => [
		{text: `! ${text}`, trouble: true},
		...(fix === '' ? [] : [{text: `  → ${fix}`}]),
	]);
	const runLines = runs.map((text) => ({text: cut(`Your run    ${text}`, width)}));
	return hasAnswered(facts)
		? [
				...troubles,
				{text: cut(`Your boxes  ${boxesCell(facts)}`, width)},
				...runLines,
				{text: `Driver      ${driverCell(facts)}, ${diskCell(facts)} free for images`},
				...(lock === undefined ? [] : [{text: cut(`Lock        ${lock}`, width)}]),
				...cards.map((text) => ({text: cut(text, width)})),
			]
		: [...troubles, ...runLines];
}
