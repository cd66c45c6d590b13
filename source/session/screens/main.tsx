import {Box} from 'ink';
import {memo, useMemo} from 'react';
import type {Box as GpuBox} from '../../box/box.ts';
import {BoxDetail} from '../components/box-detail.tsx';
import {BoxList} from '../components/box-list.tsx';
import {Footer} from '../components/footer.tsx';
import {GpuPane} from '../components/gpu-pane.tsx';
import {HostLine} from '../components/host-line.tsx';
import {LogPane} from '../components/log-pane.tsx';
import type {Layout} from '../layout.ts';
import {selectBoxPane, selectDetail} from '../state/boxes/select-boxes.ts';
import {selectHints} from '../state/key-hints.ts';
import {type LogBuffer, topLine} from '../state/log/log-buffer.ts';
import {hintFor} from '../state/log/log-hint.ts';
import type {Facts} from '../state/model.ts';
import {chosenBox, type View} from '../state/reduce.ts';
import {selectGpuPane, selectHostLine} from '../state/selectors.ts';
import {Notices} from './notices.tsx';

type Properties = {
	facts: Facts;
	view: View;
	size: {columns: number; rows: number};
	layout: Layout;
	buffer: LogBuffer;
	now: Date;
};

/** GPUs above, boxes below, and beside them the log or the details of the chosen one. */
export function MainScreen({facts, view, size, layout, buffer, now}: Properties) {
	const {columns, rows} = size;
	const withSide = layout.sideWidth > 0;
	return (
		<Box flexDirection="column" width={columns} height={rows} overflow="hidden">
			<HostLine parts={selectHostLine(facts)} demo={facts.demo} width={columns} />
			<Gpus facts={facts} view={view} layout={layout} columns={columns} />
			<Box height={layout.lowerHeight} flexShrink={0}>
				{(withSide || view.focus !== 'side') && (
					<Boxes facts={facts} view={view} layout={layout} columns={columns} now={now} />
				)}
				{(withSide || view.focus === 'side') && (
					<SidePane
						facts={facts}
						view={view}
						buffer={buffer}
						now={now}
						width={withSide ? layout.sideWidth : columns}
						height={layout.lowerHeight}
					/>
				)}
			</Box>
			<Notices facts={facts} view={view} width={columns} height={layout.messageHeight} />
			<Footer hints={selectHints(facts, view)} width={columns} />
		</Box>
	);
}

type SectionProperties = {facts: Facts; view: View; layout: Layout; columns: number};

function sameSection(before: SectionProperties, after: SectionProperties): boolean {
	return (
		before.facts.gpu === after.facts.gpu &&
		before.facts.box === after.facts.box &&
		before.facts.tells === after.facts.tells &&
		before.facts.setup.project === after.facts.setup.project &&
		before.view === after.view &&
		before.columns === after.columns &&
		JSON.stringify(before.layout) === JSON.stringify(after.layout)
	);
}

/** Drawn again only when something in it changed: new log lines do not redraw the GPUs. */
const Gpus = memo(function Gpus({facts, view, layout, columns}: SectionProperties) {
	return (
		<GpuPane
			view={selectGpuPane(facts, view)}
			width={columns}
			height={layout.gpuHeight}
			columns={layout.gpuColumns}
			lines={layout.gpuLines}
			focused={view.focus === 'gpus'}
		/>
	);
}, sameSection);

/** Of the GPUs the boxes show only their numbers, and of the time only minutes. */
const Boxes = memo(
	function Boxes({facts, view, layout, columns, now}: SectionProperties & {now: Date}) {
		return (
			<BoxList
				view={selectBoxPane(facts, view, now)}
				width={layout.sideWidth > 0 ? layout.boxesWidth : columns}
				height={layout.lowerHeight}
				focused={view.focus === 'boxes'}
			/>
		);
	},
	(before, after) =>
		before.facts.gpu.inventory === after.facts.gpu.inventory &&
		before.facts.gpu.phase === after.facts.gpu.phase &&
		minuteOf(before.now) === minuteOf(after.now) &&
		sameSection(before, {...after, facts: {...after.facts, gpu: before.facts.gpu}}),
);

function minuteOf(date: Date): number {
	return Math.floor(date.getTime() / 60_000);
}

type SideProperties = {facts: Facts; view: View; buffer: LogBuffer; now: Date; width: number; height: number};

function SidePane({facts, view, buffer, now, width, height}: SideProperties) {
	const box = chosenBox(view, facts.box.boxes);
	const focused = view.focus === 'side';
	const title = box?.name ?? (view.side === 'log' ? 'Log' : 'Detail');
	if (view.side === 'detail') {
		const pairs = selectDetail(facts, view, now);
		return <BoxDetail title={title} pairs={pairs} width={width} height={height} focused={focused} />;
	}

	return <LogSide facts={facts} view={view} buffer={buffer} box={box} title={title} width={width} height={height} />;
}

type LogProperties = Omit<SideProperties, 'now'> & {box: GpuBox | undefined; title: string};

function LogSide({facts, view, buffer, box, title, width, height}: LogProperties) {
	const room = Math.max(1, height - 2);
	const top = topLine(buffer, view.logPosition, room);
	// Right after another box was chosen the buffer still holds the log of the one before.
	const lines = facts.log.boxId === undefined || facts.log.boxId !== box?.id ? [] : buffer.slice(top, room);
	const text = lines.join('\n');
	// Many expressions are tried on it: only when there is something new to read.
	const hint = useMemo(() => hintFor(text, width - 5, room - 4), [text, width, room]);
	// At the end of the log the newest lines stay, further up those that one has scrolled to.
	const shown = Math.min(lines.length, room - hint.length);
	const seen = view.logPosition === 'follow' ? lines.slice(lines.length - shown) : lines.slice(0, shown);
	const below = lines.length === 0 || view.logPosition === 'follow' ? 0 : buffer.end - top - seen.length;
	return (
		<LogPane
			title={title}
			note={noteOf(facts, box !== undefined, below)}
			lines={seen}
			hint={hint}
			empty={emptyLog(facts, box !== undefined)}
			width={width}
			height={height}
			focused={view.focus === 'side'}
		/>
	);
}

function noteOf(facts: Facts, anyBox: boolean, below: number): string {
	if (!anyBox) {
		return '';
	}

	const {phase} = facts.log;
	if (phase === 'lost') {
		return 'log · interrupted, reconnecting';
	}

	return below > 0 ? `log · ${below} more below` : phase === 'ended' ? 'log · ended' : 'log · following';
}

function emptyLog(facts: Facts, anyBox: boolean): string {
	if (!anyBox) {
		return 'The log of the selected box appears here.';
	}

	const {problem, phase} = facts.log;
	return problem?.message ?? (phase === 'ended' ? 'The log is empty.' : 'No output yet.');
}
