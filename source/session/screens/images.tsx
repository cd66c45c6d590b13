import {Box, Text} from 'ink';
import type {ImageChoice} from '../../app/images/image-choices.ts';
import {formatBytes} from '../../text/bytes.ts';
import {cut, fit, widthOf} from '../../text/layout/fit.ts';
import {Footer} from '../components/footer.tsx';
import {HostLine} from '../components/host-line.tsx';
import {Tabs} from '../components/tabs.tsx';
import {TitledPane, windowAround} from '../components/titled-pane.tsx';
import {selectHints} from '../state/key-hints.ts';
import {selectTabs} from '../state/machine/tabs.ts';
import type {Facts} from '../state/model.ts';
import type {View} from '../state/reduce.ts';
import {noticeLines, selectHostLine} from '../state/selectors.ts';
import {theme} from '../theme.ts';
import {Notices} from './notices.tsx';

type Properties = {facts: Facts; view: View; size: {columns: number; rows: number}};

/** Which images fit this machine, best first, each with the reason; the chosen one's reasons in full below. */
export function ImagesScreen({facts, view, size}: Properties) {
	const {columns, rows} = size;
	const {choices, phase, problem} = facts.images;
	const chosen = choices[Math.min(view.imageIndex, choices.length - 1)];
	const reasonLines = (chosen?.reasons ?? []).reduce(
		(sum, reason) => sum + Math.ceil((widthOf(reason) + 1) / (columns - 4)),
		0,
	);
	const reasonsHeight = chosen === undefined || rows < 16 ? 0 : Math.min(8, reasonLines + 2);
	// Only what happens while one looks takes lines from the list.
	const noticeHeight = noticeLines(facts, view, columns);
	const withTabs = rows >= 16;
	const height = rows - (withTabs ? 3 : 2) - reasonsHeight - noticeHeight;
	const {from, to} = windowAround(view.imageIndex, choices.length, height - 2);
	const fitting = choices.filter((choice) => choice.fits === true).length;
	return (
		<Box flexDirection="column" width={columns} height={rows} overflow="hidden">
			<HostLine parts={selectHostLine(facts)} demo={facts.demo} width={columns} />
			{withTabs && <Tabs tabs={selectTabs(view)} width={columns} />}
			<TitledPane
				title="Images"
				note={choices.length === 0 ? '' : `${fitting} of ${choices.length} fit this machine`}
				width={columns}
				height={height}
				focused
			>
				{choices.slice(from, to).map((choice) => (
					<Row key={choice.reference} choice={choice} selected={choice === chosen} width={columns - 2} />
				))}
				{choices.length === 0 && (
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
							<Text {...theme.quiet}>{phase === 'known' ? 'No known images.' : 'Checking the images …'}</Text>
						)}
					</Box>
				)}
			</TitledPane>
			{chosen !== undefined && reasonsHeight > 0 && (
				<TitledPane
					title={chosen.reference}
					note={verdicts[String(chosen.fits)] ?? ''}
					width={columns}
					height={reasonsHeight}
					focused={false}
				>
					<Box flexDirection="column" paddingX={1} width={columns - 2}>
						{chosen.reasons.map((reason) => (
							<Text key={reason}>{cut(reason, (columns - 4) * (reasonsHeight - 2))}</Text>
						))}
					</Box>
				</TitledPane>
			)}
			{noticeHeight > 0 && <Notices facts={facts} view={view} width={columns} height={noticeHeight} />}
			<Footer hints={selectHints(facts, view)} width={columns} />
		</Box>
	);
}

const verdicts: Record<string, string> = {true: 'fits', unknown: 'compatibility unknown', false: 'does not fit'};

function Row({choice, selected, width}: {choice: ImageChoice; selected: boolean; width: number}) {
	const {fits} = choice;
	const mark = choice.recommended ? '★' : fits === true ? '✓' : fits === 'unknown' ? '?' : '✕';
	const style = choice.recommended
		? theme.accent
		: fits === true
			? theme.good
			: fits === 'unknown'
				? theme.warning
				: theme.bad;
	const place = choice.local ? 'here' : choice.sizeBytes === null ? '' : formatBytes(choice.sizeBytes);
	// The end of a name tells one build from the next: the last to be cut.
	const reference = Math.min(52, Math.max(20, width - 29));
	const facts = [choice.cuda === null ? '' : `CUDA ${choice.cuda}`, choice.framework ?? ''].filter(
		(part) => part !== '',
	);
	const left = `${fit(choice.reference, reference)}  ${fit(place, 9, 'right')}  ${fit(facts.join(' · '), 28)}`;
	const room = width - 4 - widthOf(left) - 2;
	return (
		<Text wrap="truncate">
			<Text {...theme.accent}>{selected ? '▸' : ' '}</Text>
			<Text {...style}>{mark} </Text>
			<Text bold={selected} {...(choice.fits ? {} : theme.quiet)}>
				{cut(left, width - 4)}
			</Text>
			{room >= 12 && <Text {...theme.quiet}>{`  ${cut(choice.reasons[0] ?? '', room)}`}</Text>}
		</Text>
	);
}
