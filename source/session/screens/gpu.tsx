import {Box, Text} from 'ink';
import {fit, widthOf} from '../../text/layout/fit.ts';
import {CurveBlock} from '../components/curve-block.tsx';
import {Footer} from '../components/footer.tsx';
import {HostLine} from '../components/host-line.tsx';
import {Line} from '../components/line.tsx';
import {TitledPane, windowAround} from '../components/titled-pane.tsx';
import {paint} from '../look/paint.ts';
import {layOutGpu} from '../state/inspect/curve-layout.ts';
import {spans} from '../state/inspect/inspect.ts';
import {type GpuScreenView, type Past, type ProcessItem, selectGpuScreen} from '../state/inspect/select-gpu.ts';
import {selectHints} from '../state/key-hints.ts';
import type {Facts} from '../state/model.ts';
import type {View} from '../state/reduce.ts';
import {noticeLines, selectHostLine} from '../state/selectors.ts';
import {theme} from '../theme.ts';
import {Notices} from './notices.tsx';

type Properties = {facts: Facts; view: View; size: {columns: number; rows: number}; now: Date; past: Past};

/** One GPU: its figures over time, what else the driver knows of it, and what runs on it. */
export function GpuScreen({facts, view, size, now, past}: Properties) {
	const {columns, rows} = size;
	const shown = selectGpuScreen(facts, view, past, now.getTime());
	const noticeHeight = noticeLines(facts, view, columns);
	const height = rows - 2 - noticeHeight;
	return (
		<Box flexDirection="column" width={columns} height={rows} overflow="hidden">
			<HostLine parts={selectHostLine(facts)} demo={facts.demo} width={columns} />
			<TitledPane title={shown?.title ?? 'GPU'} note={shown?.note ?? ''} width={columns} height={height} focused>
				{shown === undefined ? (
					<Text {...theme.quiet}> The GPU is not there any more.</Text>
				) : (
					<Content
						shown={shown}
						view={view}
						past={past}
						nowMs={now.getTime()}
						width={columns - 4}
						height={height - 2}
					/>
				)}
			</TitledPane>
			{noticeHeight > 0 && <Notices facts={facts} view={view} width={columns} height={noticeHeight} />}
			<Footer hints={selectHints(facts, view)} width={columns} />
		</Box>
	);
}

type ContentProperties = {
	shown: GpuScreenView;
	view: View;
	past: Past;
	nowMs: number;
	width: number;
	height: number;
};

function Content({shown, view, past, nowMs, width, height}: ContentProperties) {
	const layout = layOutGpu(
		{columns: width, lines: height},
		// Walking back in time must not move the curves: fewer facts are known of the past.
		{facts: Math.max(4, shown.facts.length), list: 1 + Math.max(1, shown.processes.length)},
	);
	const {seconds} = spans[view.inspect.span];
	const points = layout.curveWidth * 2;
	const rows = Array.from({length: Math.ceil(shown.curves.length / layout.across)}, (_, row) =>
		shown.curves.slice(row * layout.across, (row + 1) * layout.across),
	);
	return (
		<Box flexDirection="column" paddingX={1} width={width + 2} height={height} overflow="hidden">
			{rows.map((curves) => (
				<Box key={curves[0]?.metric} columnGap={2}>
					{curves.map((curve) => (
						<CurveBlock
							key={curve.metric}
							curve={curve}
							values={past.gpus.curve(shown.uuid, curve.metric, {seconds, untilMs: nowMs, points})}
							cursor={shown.cursor}
							width={layout.blockWidth}
							height={layout.curveHeight}
						/>
					))}
				</Box>
			))}
			{shown.facts.slice(0, layout.factLines).map(({label, value, style}) => (
				<Line key={label} text={`${paint(fit(label, 8), theme.quiet)}${paint(fit(value, width - 8), style)}`} />
			))}
			<Processes shown={shown} width={width} lines={layout.listLines} />
		</Box>
	);
}

function Processes({shown, width, lines}: {shown: GpuScreenView; width: number; lines: number}) {
	const {processes} = shown;
	if (lines < 1) {
		return null;
	}

	if (processes.length === 0) {
		return <Text {...theme.quiet}>{shown.noProcess}</Text>;
	}

	const chosen = Math.max(
		0,
		processes.findIndex(({selected}) => selected),
	);
	const room = lines > 2 ? lines - 1 : lines;
	const {from, to} = windowAround(chosen, processes.length, room);
	return (
		<>
			{lines > 2 && (
				<Text {...theme.title} wrap="truncate">
					{processes.length === 1 ? '1 process' : `${processes.length} processes`}
					{to - from < processes.length ? ` · ${from + 1}–${to}` : ''}
				</Text>
			)}
			{processes.slice(from, to).map((process) => (
				<ProcessRow key={process.pid} process={process} width={width} />
			))}
		</>
	);
}

function ProcessRow({process, width}: {process: ProcessItem; width: number}) {
	const {pid, selected, name, memory, whose, since} = process;
	const sinceWidth = width >= 90 ? widthOf(since) + 1 : 0;
	const nameWidth = Math.min(24, Math.max(8, Math.floor(width * 0.22)));
	const rest = Math.max(0, width - 2 - 9 - nameWidth - 12 - sinceWidth);
	const number = `${fit(String(pid), 8)} `;
	return (
		<Line
			text={[
				selected ? paint('▸ ', theme.accent) : '  ',
				selected ? paint(number, theme.title) : number,
				fit(name, nameWidth),
				fit(memory, 10, 'right'),
				'  ',
				fit(whose, rest),
				sinceWidth > 0 ? paint(` ${since}`, theme.quiet) : '',
			].join('')}
		/>
	);
}
