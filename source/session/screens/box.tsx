import {Box, Text} from 'ink';
import {meanOf} from '../../gpu/history/means.ts';
import {formatBytes} from '../../text/bytes.ts';
import {fit, widthOf} from '../../text/layout/fit.ts';
import {CurveBlock} from '../components/curve-block.tsx';
import {Footer} from '../components/footer.tsx';
import {HostLine} from '../components/host-line.tsx';
import {TitledPane} from '../components/titled-pane.tsx';
import {boxOf} from '../state/boxes/shown-boxes.ts';
import type {Curve} from '../state/inspect/curve-layout.ts';
import {type BoxLine, selectBoxLines} from '../state/inspect/select-box-screen.ts';
import type {Past} from '../state/inspect/select-gpu.ts';
import {selectHints} from '../state/key-hints.ts';
import type {Facts} from '../state/model.ts';
import type {View} from '../state/reduce.ts';
import {noticeLines, selectHostLine} from '../state/selectors.ts';
import {theme} from '../theme.ts';
import {Notices} from './notices.tsx';

type Properties = {facts: Facts; view: View; size: {columns: number; rows: number}; now: Date; past: Past};

/** One box: what it uses, and all that is known of it, which can be scrolled. */
export function BoxScreen({facts, view, size, now, past}: Properties) {
	const {columns, rows} = size;
	const box = boxOf({facts, view});
	const {curveHeight, curveLines, room, noticeHeight} = divide(facts, view, size);
	const lines = selectBoxLines(facts, view, {now, width: columns - 4});
	const top = Math.min(view.inspect.top, Math.max(0, lines.length - room));
	const shown = lines.slice(top, top + room);
	const note = lines.length > room ? `${top + 1}–${top + shown.length} of ${lines.length}` : '';
	return (
		<Box flexDirection="column" width={columns} height={rows} overflow="hidden">
			<HostLine parts={selectHostLine(facts)} demo={facts.demo} width={columns} />
			<TitledPane title={box?.name ?? 'Box'} note={note} width={columns} height={rows - 2 - noticeHeight} focused>
				<Box flexDirection="column" paddingX={1} width={columns - 2}>
					{curveLines > 0 && (
						<Curves facts={facts} view={view} past={past} now={now} width={columns - 4} height={curveHeight} />
					)}
					{box === undefined && <Text {...theme.quiet}>The box is gone.</Text>}
					{shown.map((line, place) => (
						// biome-ignore lint/suspicious/noArrayIndexKey: a line of the window is nothing but its place
						<Line key={place} line={line} width={columns - 4} />
					))}
				</Box>
			</TitledPane>
			{noticeHeight > 0 && <Notices facts={facts} view={view} width={columns} height={noticeHeight} />}
			<Footer hints={selectHints(facts, view)} width={columns} />
		</Box>
	);
}

/** How far the lines can be scrolled. */
export function lastBoxTop(facts: Facts, view: View, {size, now}: Pick<Properties, 'size' | 'now'>): number {
	const {room} = divide(facts, view, size);
	return Math.max(0, selectBoxLines(facts, view, {now, width: size.columns - 4}).length - room);
}

function divide(facts: Facts, view: View, {columns, rows}: Properties['size']) {
	const noticeHeight = noticeLines(facts, view, columns);
	const content = rows - 4 - noticeHeight;
	const curveHeight = content < 10 ? 0 : Math.min(6, Math.max(1, Math.floor(content / 8)));
	const curveLines = curveHeight === 0 ? 0 : curveHeight + 1;
	return {curveHeight, curveLines, room: Math.max(1, content - curveLines), noticeHeight};
}

function Line({line, width}: {line: BoxLine; width: number}) {
	switch (line.kind) {
		case 'gap': {
			return <Text> </Text>;
		}

		case 'title': {
			return <Text {...theme.title}>{fit(line.text, width)}</Text>;
		}

		case 'text': {
			return (
				<Text wrap="truncate">
					<Text {...theme.quiet}>{line.label}</Text> {fit(line.text, width - widthOf(line.label) - 1)}
				</Text>
			);
		}
	}
}

type CurveProperties = Pick<Properties, 'facts' | 'view' | 'past' | 'now'> & {width: number; height: number};

type Shown = {curve: Curve; values: Array<number | null>};

/** CPU, memory, and the mean of its GPUs over the last minutes, side by side. */
function Curves({facts, view, past, now, width, height}: CurveProperties) {
	const box = boxOf({facts, view});
	const across = box !== undefined && box.gpus.length > 0 ? 3 : 2;
	const each = Math.floor((width - 2 * (across - 1)) / across);
	const {use} = facts.boxCard;
	const points = each * 2;
	const cpu = past.use.of('cpuPercent', points);
	const curves: Shown[] = [
		{
			curve: {
				label: 'CPU',
				value: use?.cpuPercent == null ? '–' : `${Math.round(use.cpuPercent)} %`,
				style: theme.accent,
				most: Math.max(100, ...cpu.map((value) => value ?? 0)),
			},
			values: cpu,
		},
		{
			curve: {
				label: 'memory',
				value: use?.memoryBytes == null ? '–' : formatBytes(use.memoryBytes),
				style: theme.accent,
				most: use?.memoryLimitBytes ?? 0,
			},
			values: past.use.of('memoryBytes', points),
		},
	];
	if (box !== undefined && across === 3) {
		const cards = box.gpus.map((uuid) =>
			past.gpus.curve(uuid, 'utilization', {seconds: 1, untilMs: now.getTime(), points}),
		);
		const values = Array.from({length: points}, (_, point) => meanOf(cards.map((card) => card[point] ?? null)));
		const newest = meanOf(
			box.gpus.map((uuid) => facts.gpu.readings.find((reading) => reading.uuid === uuid)?.utilization ?? null),
		);
		curves.push({
			curve: {
				label: box.gpus.length === 1 ? 'its GPU' : `its ${box.gpus.length} GPUs`,
				value: newest === null ? '–' : `${Math.round(newest)} %`,
				style: theme.accent,
				most: 100,
			},
			values,
		});
	}

	return (
		<Box columnGap={2}>
			{curves.map(({curve, values}) => (
				<CurveBlock key={curve.label} curve={curve} values={values} width={each} height={height} />
			))}
		</Box>
	);
}
