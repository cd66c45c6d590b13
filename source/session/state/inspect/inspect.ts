/** The screens of one GPU and of one box: what is looked at there, and what keys do. */
import type {TierSeconds} from '../../../gpu/history/metrics.ts';

export type Span = 'minutes' | 'hour' | 'day';

type SpanFacts = {
	words: string;
	/** How finely it is kept. */
	seconds: TierSeconds;
	lengthMs: number;
	/** How far a key moves in it. */
	stepMs: number;
};

export const spans: Record<Span, SpanFacts> = {
	minutes: {words: '5 min', seconds: 1, lengthMs: 300_000, stepMs: 2000},
	hour: {words: '1 h', seconds: 10, lengthMs: 3_600_000, stepMs: 20_000},
	day: {words: '24 h', seconds: 120, lengthMs: 86_400_000, stepMs: 600_000},
};

const order: Span[] = ['minutes', 'hour', 'day'];

export type InspectView = {
	span: Span;
	/** The moment that is looked at, in milliseconds since 1970; undefined for now. */
	cursorMs: number | undefined;
	/** The process chosen, by its number; when it is gone, the first one is. */
	pid: number | undefined;
	/** The first line shown of a box. */
	top: number;
	/** Processes that were asked to end, as `PID:START`: only then may one be killed. */
	ended: string[];
};

export const firstInspect: InspectView = {span: 'minutes', cursorMs: undefined, pid: undefined, top: 0, ended: []};

/** A process of this machine that a signal is for. */
export type SignalTarget = {
	pid: number;
	/** When it started, as the kernel counts: a number that is used again is another process. */
	start: string;
	/** Safe to print. */
	name: string;
	user: string;
	box: string | null;
};

type SignalName = 'SIGTERM' | 'SIGKILL';

export type SignalQuestion = {what: 'signal'; send: SignalName; target: SignalTarget};

export type InspectAction =
	| {type: 'open-gpu' | 'open-box' | 'leave-inspect' | 'change-span' | 'ask-signal'}
	| {type: 'move-cursor' | 'select-process' | 'scroll-box'; by: number};

export type InspectEffect =
	| {type: 'find-process'; pid: number; uuid: string}
	| {type: 'signal'; send: SignalName; target: SignalTarget};

/** What the meaning of these keys depends on. */
export type InspectSituation = {
	gpuUuids: string[];
	/** Milliseconds since 1970. */
	nowMs: number;
	/** The processes that the GPU's screen lists. */
	pids: number[];
	/** How far the box's screen can be scrolled. */
	lastTop: number;
};

type ViewPart = {inspect: InspectView; gpuUuid: string | undefined};

type Reduced = {
	change: Partial<ViewPart> & {screen?: 'gpu' | 'box' | 'main'};
	effects: Array<InspectEffect | {type: 'say'; text: string; fix: string}>;
};

/** The GPU that the screen is about: the one chosen, or else the first. */
export function shownGpu(gpuUuid: string | undefined, uuids: readonly string[]): string | undefined {
	return gpuUuid !== undefined && uuids.includes(gpuUuid) ? gpuUuid : uuids[0];
}

/** The process that a key is about: the one chosen, or else the first. */
export function chosenPid({pid}: InspectView, pids: readonly number[]): number | undefined {
	return pid !== undefined && pids.includes(pid) ? pid : pids[0];
}

/** A process was asked to end. Only the last few are remembered. */
export function withEnded(inspect: InspectView, {pid, start}: SignalTarget): InspectView {
	return {...inspect, ended: [...inspect.ended, `${pid}:${start}`].slice(-100)};
}

/** What a key does on the screens of one GPU and of one box. */
export function reduceInspect(view: ViewPart, action: InspectAction, situation: InspectSituation): Reduced {
	const {inspect} = view;
	switch (action.type) {
		case 'open-gpu': {
			const uuid = shownGpu(view.gpuUuid, situation.gpuUuids);
			return uuid === undefined
				? {change: {}, effects: [{type: 'say', text: 'There is no GPU to show', fix: ''}]}
				: {change: {screen: 'gpu', gpuUuid: uuid, inspect: {...firstInspect, ended: inspect.ended}}, effects: []};
		}

		case 'open-box': {
			return {change: {screen: 'box', inspect: {...inspect, cursorMs: undefined, top: 0}}, effects: []};
		}

		case 'scroll-box': {
			const top = Math.min(situation.lastTop, Math.max(0, Math.min(inspect.top, situation.lastTop) + action.by));
			return {change: {inspect: {...inspect, top}}, effects: []};
		}

		case 'leave-inspect': {
			return inspect.cursorMs === undefined
				? {change: {screen: 'main'}, effects: []}
				: {change: {inspect: {...inspect, cursorMs: undefined}}, effects: []};
		}

		case 'change-span': {
			const span = order[(order.indexOf(inspect.span) + 1) % order.length] ?? 'minutes';
			return {
				change: {inspect: {...inspect, span, cursorMs: within(inspect.cursorMs, span, situation.nowMs)}},
				effects: [],
			};
		}

		case 'move-cursor': {
			return {change: {inspect: {...inspect, cursorMs: moved(inspect, action.by, situation.nowMs)}}, effects: []};
		}

		case 'select-process': {
			const {pids} = situation;
			const current = chosenPid(inspect, pids);
			const place = current === undefined ? 0 : pids.indexOf(current);
			const pid = pids[Math.min(pids.length - 1, Math.max(0, place + action.by))];
			return {change: {inspect: {...inspect, pid}}, effects: []};
		}

		case 'ask-signal': {
			return {change: {}, effects: askSignal(view, situation)};
		}
	}
}

function askSignal({inspect, gpuUuid}: ViewPart, {pids, gpuUuids}: InspectSituation): Reduced['effects'] {
	const pid = chosenPid(inspect, pids);
	const uuid = shownGpu(gpuUuid, gpuUuids);
	if (inspect.cursorMs !== undefined) {
		return [{type: 'say', text: 'These processes are of an earlier time', fix: 'Esc returns to now'}];
	}

	return pid === undefined || uuid === undefined
		? [{type: 'say', text: 'No process is known on this GPU', fix: ''}]
		: [{type: 'find-process', pid, uuid}];
}

/** A moment of the past stays where it is while it is on the screen. */
function within(cursorMs: number | undefined, span: Span, nowMs: number): number | undefined {
	return cursorMs !== undefined && cursorMs > nowMs - spans[span].lengthMs ? cursorMs : undefined;
}

function moved({cursorMs, span}: InspectView, by: number, nowMs: number): number | undefined {
	const {lengthMs, stepMs} = spans[span];
	const oldest = nowMs - lengthMs + stepMs;
	// Steps end on whole ones, so that the same moments are met on the way back.
	const from = Math.floor((cursorMs ?? nowMs) / stepMs) * stepMs;
	const target = Number.isFinite(by) ? from + by * stepMs : by > 0 ? nowMs : oldest;
	return target >= nowMs - stepMs / 2 ? undefined : Math.max(oldest, target);
}
