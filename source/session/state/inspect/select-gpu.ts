import type {CardDetail, Ecc, MigSlice, NvLink, Pcie} from '../../../gpu/cards/card-detail.ts';
import type {GpuHistory} from '../../../gpu/history/gpu-history.ts';
import type {Metric} from '../../../gpu/history/metrics.ts';
import type {ProcessHistory} from '../../../gpu/history/process-history.ts';
import {isIdle, reasonsInWords} from '../../../gpu/throttle.ts';
import {formatDuration} from '../../../text/duration.ts';
import {clockTime} from '../../../text/time.ts';
import {fullnessStyle, type Style, temperatureStyle, theme} from '../../theme.ts';
import type {Facts, GpuReading} from '../model.ts';
import type {NotePart} from '../note-part.ts';
import type {View} from '../reduce.ts';
import type {UseHistory} from './box-state.ts';
import type {Curve} from './curve-layout.ts';
import {chosenPid, type Span, shownGpu, spans} from './inspect.ts';

/** What was kept of the time before. */
export type Past = {
	gpus: GpuHistory;
	processes: ProcessHistory;
	/** Of the box that is looked at. */
	use: UseHistory;
};

type GpuCurve = Curve & {metric: Metric};

export type ProcessItem = {pid: number; selected: boolean; name: string; memory: string; whose: string; since: string};

export type GpuScreenView = {
	uuid: string;
	title: string;
	/** The time that is shown. */
	note: readonly NotePart[];
	/** Where in the curves the moment is that is looked at, 0 to 1; undefined for now. */
	cursor: number | undefined;
	curves: GpuCurve[];
	/** What else is known of the card, the most important first. */
	facts: Array<{label: string; value: string; style: Style}>;
	processes: ProcessItem[];
	/** In place of processes. */
	noProcess: string;
};

type Figures = Record<Metric, number | null>;

/** How far from the times at which a process was listed it may still have run: lists are some seconds apart. */
const slackMs = 6000;

/** The GPU's screen in words; undefined without a GPU. @param nowMs milliseconds since 1970 */
export function selectGpuScreen(facts: Facts, view: View, past: Past, nowMs: number): GpuScreenView | undefined {
	const uuid = shownGpu(
		view.gpuUuid,
		facts.gpu.readings.map((reading) => reading.uuid),
	);
	const reading = facts.gpu.readings.find((each) => each.uuid === uuid);
	if (uuid === undefined || reading === undefined) {
		return undefined;
	}

	const {span, cursorMs} = view.inspect;
	const kept = cursorMs === undefined ? undefined : past.gpus.at(uuid, cursorMs);
	const figures = cursorMs === undefined ? figuresNow(reading) : (kept?.figures ?? noFigures);
	const detail = facts.card.uuid === uuid ? facts.card.detail : undefined;
	const known = cursorMs === undefined || kept !== undefined;
	return {
		uuid,
		title: `GPU ${reading.index} · ${reading.name.replace(/^NVIDIA /, '')}`,
		note: timeInWords(span, cursorMs, nowMs),
		cursor: cursorMs === undefined ? undefined : placeOf(cursorMs, span, nowMs),
		curves: curvesOf(reading, figures, detail),
		facts: [
			...clockFact(figures.throttleReasons, known),
			...(cursorMs === undefined ? factsNow(facts, reading, detail) : []),
		],
		...processesOf(facts, view, past, {uuid, nowMs}),
	};
}

const noFigures: Figures = {
	utilization: null,
	memoryUsedMiB: null,
	memoryUtilization: null,
	powerDraw: null,
	temperature: null,
	clockSm: null,
	throttleReasons: null,
};

function figuresNow(reading: GpuReading): Figures {
	const {
		utilization,
		memoryUsedMiB,
		memoryUtilization,
		powerDraw,
		temperature,
		clockSm,
		throttleReasons = null,
	} = reading;
	return {utilization, memoryUsedMiB, memoryUtilization, powerDraw, temperature, clockSm, throttleReasons};
}

function timeInWords(span: Span, cursorMs: number | undefined, nowMs: number): NotePart[] {
	const others = (Object.keys(spans) as Span[])
		.map((each) => (each === span ? `[${spans[each].words}]` : spans[each].words))
		.join(' ');
	const moment =
		cursorMs === undefined
			? 'now'
			: `${clockTime(new Date(cursorMs), new Date(nowMs))}, ${formatDuration(nowMs - cursorMs)} ago`;
	return [
		{text: others, rank: 1},
		{text: moment, rank: 0},
	];
}

function placeOf(cursorMs: number, span: Span, nowMs: number): number {
	const {lengthMs} = spans[span];
	return Math.min(1, Math.max(0, 1 - (nowMs - cursorMs) / lengthMs));
}

function gib(mebibytes: number): string {
	const value = mebibytes / 1024;
	return value >= 100 ? String(Math.round(value)) : value.toFixed(1);
}

function curvesOf(reading: GpuReading, figures: Figures, detail: CardDetail | undefined): GpuCurve[] {
	const {memoryTotalMiB: total, powerLimit: limit} = reading;
	const {memoryUsedMiB: used, powerDraw: power, temperature, clockSm: clock} = figures;
	const clockMost = detail?.clockSmMax ?? null;
	const percent = (value: number | null) => (value === null ? '–' : `${Math.round(value)} %`);
	const of = (value: string, most: string | null) => (most === null ? value : `${value} of ${most}`);
	return [
		{metric: 'utilization', label: 'utilisation', value: percent(figures.utilization), style: theme.accent, most: 100},
		{
			metric: 'memoryUsedMiB',
			label: 'memory',
			value: used === null ? '–' : `${of(gib(used), total === null ? null : gib(total))} GiB`,
			style: used === null || total === null ? theme.accent : fullnessStyle(used / total),
			most: total ?? 0,
		},
		{
			metric: 'memoryUtilization',
			label: 'memory bandwidth',
			value: percent(figures.memoryUtilization),
			style: theme.accent,
			most: 100,
		},
		{
			metric: 'powerDraw',
			label: 'power',
			value:
				power === null ? '–' : `${of(String(Math.round(power)), limit === null ? null : String(Math.round(limit)))} W`,
			style: theme.accent,
			most: limit ?? 0,
		},
		{
			metric: 'temperature',
			label: 'temperature',
			value: temperature === null ? '–' : `${Math.round(temperature)} °C`,
			style: temperature === null ? theme.accent : {...theme.accent, ...temperatureStyle(temperature)},
			most: 100,
		},
		{
			metric: 'clockSm',
			label: 'SM clock',
			value:
				clock === null ? '–' : `${of(String(Math.round(clock)), clockMost === null ? null : String(clockMost))} MHz`,
			style: theme.accent,
			most: clockMost ?? 0,
		},
	];
}

type Fact = GpuScreenView['facts'][number];

function clockFact(bits: number | null, known: boolean): Fact[] {
	if (!known) {
		return [{label: 'clocks', value: 'nothing was recorded at that time', style: theme.quiet}];
	}

	if (bits === null) {
		return [{label: 'clocks', value: 'whether they are reduced is not reported', style: theme.quiet}];
	}

	const reasons = reasonsInWords(bits);
	return [
		reasons.length > 0
			? {label: 'clocks', value: `reduced: ${reasons.join(', ')}`, style: theme.warning}
			: {label: 'clocks', value: isIdle(bits) ? 'low because it is idle' : 'not reduced', style: {}},
	];
}

function factsNow(facts: Facts, reading: GpuReading, detail: CardDetail | undefined): Fact[] {
	if (detail === undefined) {
		return [{label: 'link', value: 'Asking the driver …', style: theme.quiet}];
	}

	return [eccFact(detail.ecc), pcieFact(detail.pcie), linkFact(detail.nvLink), ...sliceFacts(facts, reading, detail)];
}

function eccFact(ecc: Ecc): Fact {
	const label = 'ECC';
	if (ecc.mode !== 'Enabled') {
		return {label, value: ecc.mode === null ? 'not reported' : ecc.mode.toLowerCase(), style: theme.quiet};
	}

	const count = (value: number | null) => (value === null ? '–' : String(value));
	const rows = [
		...(ecc.rowsReplaced !== null && ecc.rowsReplaced > 0 ? [`${ecc.rowsReplaced} rows replaced`] : []),
		...(ecc.rowsPending === true ? ['more at the next reset'] : []),
		...(ecc.rowsFailed === true ? ['no spare row left'] : []),
	];
	const errors = `uncorrected ${count(ecc.uncorrectedNow)} (ever ${count(ecc.uncorrectedEver)}), corrected ${count(ecc.correctedNow)} (ever ${count(ecc.correctedEver)})`;
	const bad = (ecc.uncorrectedNow ?? 0) > 0 || ecc.rowsFailed === true || ecc.rowsPending === true;
	return {label, value: [errors, ...rows].join(' · '), style: bad ? theme.bad : {}};
}

function pcieFact({generation, generationMax, width, widthMax}: Pcie): Fact {
	const label = 'PCIe';
	if (generation === null && width === null) {
		return {label, value: 'not reported', style: theme.quiet};
	}

	const of = (now: number | null, most: number | null) => `${now ?? '–'}${most === null ? '' : ` of ${most}`}`;
	// An idle card lowers its generation to save power, but never its width.
	const narrow = width !== null && widthMax !== null && width < widthMax;
	return {
		label,
		value: `generation ${of(generation, generationMax)}, ${of(width, widthMax)} lanes${narrow ? ': narrowed' : ''}`,
		style: narrow ? theme.warning : {},
	};
}

function linkFact(links: NvLink | undefined): Fact {
	const label = 'NVLink';
	if (links === undefined) {
		return {label, value: 'not reported', style: theme.quiet};
	}

	if (links.kind === 'none') {
		return {label, value: links.words, style: theme.quiet};
	}

	const {active, inactive, gigabytesPerSecond: speed} = links;
	const each = speed === null ? '' : `, ${speed.toFixed(1)} GB/s each`;
	return {
		label,
		value: `${active} links active${inactive === 0 ? '' : `, ${inactive} inactive`}${each}`,
		style: inactive > 0 && active > 0 ? theme.warning : {},
	};
}

/** A line for each slice: the driver lists their memory by number, and their names in the same order. */
function sliceFacts({box, gpu}: Facts, reading: GpuReading, {slices}: CardDetail): Fact[] {
	const known = slices !== undefined && !gpu.processesUnknown && box.phase === 'live';
	return reading.mig.map(({uuid, profile}, place): Fact => {
		const slice = sliceAt(slices, place);
		const holders = box.boxes.filter((each) => each.gpus.includes(uuid)).map(({name}) => name);
		const others = gpu.processes
			.filter(({pid, box: of}) => slice?.pids.includes(pid) && (of === null || !holders.includes(of)))
			.map(({name, pid}) => `${name?.split('/').at(-1) ?? 'process'} ${pid}`);
		const used = [...holders, ...others];
		return {
			label: `MIG ${place}`,
			value: `${profile}  ${memoryOf(slice)}  ${used.length > 0 ? used.join(', ') : known ? 'free' : 'use not known'}`,
			style: {},
		};
	});
}

function sliceAt(slices: MigSlice[] | undefined, place: number): MigSlice | undefined {
	return slices?.find(({index}) => index === place);
}

function memoryOf(slice: MigSlice | undefined): string {
	const {memoryUsedMiB: used = null, memoryTotalMiB: total = null} = slice ?? {};
	return used === null || total === null ? 'memory not reported' : `${gib(used)} of ${gib(total)} GiB`;
}

/** What the screen lists, and in which order: now, or at the moment that is looked at. */
export function listedProcesses(
	facts: Facts,
	view: View,
	past: Past,
): Array<Omit<ProcessItem, 'selected' | 'since'> & {fromMs: number | undefined}> {
	const uuid = shownGpu(
		view.gpuUuid,
		facts.gpu.readings.map((reading) => reading.uuid),
	);
	const {cursorMs} = view.inspect;
	if (uuid === undefined) {
		return [];
	}

	const listed =
		cursorMs === undefined
			? facts.gpu.processes
					.filter(({gpuUuid}) => gpuUuid === uuid)
					.toSorted((one, other) => (other.usedMemoryMiB ?? 0) - (one.usedMemoryMiB ?? 0))
					.map((process) => ({...process, fromMs: past.processes.startOf(uuid, process)}))
			: past.processes.at(uuid, cursorMs, slackMs);
	return listed.map(({pid, name, usedMemoryMiB, user, box, fromMs}) => ({
		pid,
		name: name?.split('/').at(-1) ?? 'process',
		memory: usedMemoryMiB === null ? '–' : `${gib(usedMemoryMiB)} GiB`,
		whose: [user ?? 'user not known', box === null ? 'no box' : `in ${box}`].join(', '),
		fromMs,
	}));
}

function processesOf(
	facts: Facts,
	view: View,
	past: Past,
	{uuid, nowMs}: {uuid: string; nowMs: number},
): Pick<GpuScreenView, 'processes' | 'noProcess'> {
	const listed = listedProcesses(facts, view, past);
	const chosen = chosenPid(
		view.inspect,
		listed.map(({pid}) => pid),
	);
	const {cursorMs} = view.inspect;
	const unknown = cursorMs === undefined ? facts.gpu.processesUnknown : !past.gpus.at(uuid, cursorMs);
	return {
		processes: listed.map(({fromMs, ...process}) => ({
			...process,
			selected: process.pid === chosen,
			since: fromMs === undefined ? '' : `seen since ${clockTime(new Date(fromMs), new Date(nowMs))}`,
		})),
		noProcess: unknown ? 'Processes are not known' : 'No process',
	};
}
