import {Box} from 'ink';
import {memo} from 'react';
import {BoxList} from '../components/box-list.tsx';
import {Footer} from '../components/footer.tsx';
import {GpuPane} from '../components/gpu-pane.tsx';
import {HostLine} from '../components/host-line.tsx';
import {Tabs} from '../components/tabs.tsx';
import {type Layout, zoomLayout} from '../layout.ts';
import {selectBoxPane} from '../state/boxes/select-boxes.ts';
import {selectHints} from '../state/key-hints.ts';
import type {LogModel} from '../state/log/log-model.ts';
import {selectTabs} from '../state/machine/tabs.ts';
import type {Facts} from '../state/model.ts';
import {isSameBesideGpu, type View} from '../state/reduce.ts';
import {selectGpuPane, selectHostLine} from '../state/selectors.ts';
import {LogSide} from './log.tsx';
import {Notices} from './notices.tsx';

type Properties = {
	facts: Facts;
	view: View;
	size: {columns: number; rows: number};
	layout: Layout;
	log: LogModel;
	now: Date;
};

/** GPUs above, boxes below, and beside them the log or the details of the chosen one. */
export function MainScreen({facts, view, size, layout, log, now}: Properties) {
	const {columns, rows} = size;
	const withSide = layout.sideWidth > 0;
	if (view.zoom !== undefined) {
		const height = rows - 2 - layout.tabsHeight - layout.messageHeight;
		const zoomed = zoomLayout(layout, {columns, height, gpus: facts.gpu.readings.length});
		const Pane = view.zoom === 'gpus' ? Gpus : Boxes;
		return (
			<Box flexDirection="column" width={columns} height={rows} overflow="hidden">
				<HostLine parts={selectHostLine(facts)} demo={facts.demo} width={columns} />
				{layout.tabsHeight > 0 && <Tabs tabs={selectTabs(view)} width={columns} />}
				<Pane facts={facts} view={view} layout={zoomed} columns={columns} now={now} />
				<Notices facts={facts} view={view} width={columns} height={layout.messageHeight} />
				<Footer hints={selectHints(facts, view)} width={columns} />
			</Box>
		);
	}

	return (
		<Box flexDirection="column" width={columns} height={rows} overflow="hidden">
			<HostLine parts={selectHostLine(facts)} demo={facts.demo} width={columns} />
			{layout.tabsHeight > 0 && <Tabs tabs={selectTabs(view)} width={columns} />}
			<Gpus facts={facts} view={view} layout={layout} columns={columns} now={now} />
			<Box height={layout.lowerHeight} flexShrink={0}>
				{(withSide || view.focus !== 'side') && (
					<Boxes facts={facts} view={view} layout={layout} columns={columns} now={now} />
				)}
				{(withSide || view.focus === 'side') && (
					<SidePane
						facts={facts}
						view={view}
						log={log}
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

type SectionProperties = {facts: Facts; view: View; layout: Layout; columns: number; now: Date};

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
	function Boxes({facts, view, layout, columns, now}: SectionProperties) {
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
		isSameBesideGpu(before.view, after.view) &&
		sameSection(before, {...after, view: before.view, facts: {...after.facts, gpu: before.facts.gpu}}),
);

function minuteOf(date: Date): number {
	return Math.floor(date.getTime() / 60_000);
}

type SideProperties = {facts: Facts; view: View; log: LogModel; now: Date; width: number; height: number};

function SidePane({facts, view, log, now, width, height}: SideProperties) {
	const focused = view.focus === 'side';
	return <LogSide facts={facts} view={view} log={log} now={now} width={width} height={height} focused={focused} />;
}
