import {Box} from 'ink';
import {memo} from 'react';
import {Footer} from '../components/footer.tsx';
import {HostLine} from '../components/host-line.tsx';
import {LogPane} from '../components/log-pane.tsx';
import {selectHints} from '../state/key-hints.ts';
import type {LogModel} from '../state/log/log-model.ts';
import {logContainer, unreadLog, unreadText} from '../state/log/log-subject.ts';
import {selectLog} from '../state/log/select-log.ts';
import type {Facts} from '../state/model.ts';
import {isSameBesideGpu, type View} from '../state/reduce.ts';
import {selectHostLine} from '../state/selectors.ts';
import {Notices} from './notices.tsx';

type Properties = {
	facts: Facts;
	view: View;
	size: {columns: number; rows: number};
	log: LogModel;
	messageHeight: number;
	now: Date;
};

/** The log as the whole screen. */
export function LogScreen({facts, view, size, log, messageHeight, now}: Properties) {
	const {columns, rows} = size;
	return (
		<Box flexDirection="column" width={columns} height={rows} overflow="hidden">
			<HostLine parts={selectHostLine(facts)} demo={facts.demo} width={columns} />
			<LogSide
				facts={facts}
				view={view}
				log={log}
				now={now}
				width={columns}
				height={rows - 2 - messageHeight}
				focused
			/>
			<Notices facts={facts} view={view} width={columns} height={messageHeight} />
			<Footer hints={selectHints(facts, view)} width={columns} />
		</Box>
	);
}

type SideProperties = {
	facts: Facts;
	view: View;
	log: LogModel;
	now: Date;
	width: number;
	height: number;
	focused: boolean;
};

/** The log in its pane. Many expressions are tried on its lines: only when there is something new to read, not with each reading of the GPUs. */
export const LogSide = memo(function LogSide({facts, view, log, now, width, height, focused}: SideProperties) {
	const area = {...logArea(width, height), now};
	const state = {facts, view};
	const unread = unreadLog(state);
	const instead = unread === undefined ? undefined : unreadText(unread, state);
	const pane = selectLog(facts, view.log, log, area, logContainer(state), instead);
	return <LogPane view={pane} width={width} height={height} focused={focused} />;
}, sameLog);

/** Whatever changes the lines in memory changes the version in `facts.log`, too. */
function sameLog(before: SideProperties, after: SideProperties): boolean {
	return (
		before.facts.log === after.facts.log &&
		before.facts.box.boxes === after.facts.box.boxes &&
		isSameBesideGpu(before.view, after.view) &&
		before.log === after.log &&
		before.width === after.width &&
		before.height === after.height &&
		before.focused === after.focused
	);
}

/** Rows and columns within the frame of a log. */
export function logArea(width: number, height: number): {width: number; height: number} {
	return {width: Math.max(2, width - 3), height: Math.max(1, height - 2)};
}
