import type {Diagnostic} from '../../base/failure.ts';
import {type Box, isRunning} from '../../box/box.ts';
import {holdsCard, type NamedProcess} from '../../box/gpus/process-names.ts';
import type {QueueEntry} from '../../box/gpus/queue-entry.ts';
import {type CardState, stateOfCard} from '../../gpu/state.ts';
import {formatBytes} from '../../text/bytes.ts';
import {fullnessStyle, type Style, temperatureStyle, theme} from '../theme.ts';
import {heightOf} from './message-lines.ts';
import type {Facts, GpuReading} from './model.ts';
import type {NotePart} from './note-part.ts';
import {questionLines} from './question.ts';
import type {View} from './reduce.ts';

const mebibyte = 1024 * 1024;

/** A GPU as its row shows it: everything that can be said is said in text here, so that the row only has to lay it out. */
export type GpuItem = {
	uuid: string;
	index: string;
	name: string;
	selected: boolean;
	state: CardState;
	/** Shown in place of figures: why the card is of no use, or not known. */
	trouble: string | undefined;
	utilization: number | null;
	history: ReadonlyArray<number | null>;
	/** 0 to 1, null where the card does not say. */
	memoryShare: number | null;
	memoryShort: string;
	memoryLong: string;
	memoryStyle: Style;
	temperature: string;
	temperatureStyle: Style;
	powerShort: string;
	powerLong: string;
	/** Clock, fan, performance state. */
	extra: string;
	/** Boxes and users on it, `train (alice)`; empty when none are known. */
	users: string[];
	/** In place of users where there are none. */
	noUsers: string;
	/** Its processes in words, the largest first. */
	work: string[];
	/** In place of processes. */
	noWork: string;
};

export type GpuPaneView = {
	title: string;
	note: readonly NotePart[];
	items: GpuItem[];
	/** Shown in place of rows, or below them: the problem and its fix. */
	problems: Diagnostic[];
	waiting: boolean;
};

export function selectGpuPane(facts: Facts, view: View): GpuPaneView {
	const {gpu} = facts;
	const items = gpu.readings.map((reading) => gpuItem(reading, facts, view));
	const count = (state: CardState) => items.filter((item) => item.state === state).length;
	const counts: Array<[number, string]> = [
		[count('held'), 'held'],
		[count('unusable'), 'unusable'],
		[count('unknown'), 'unknown'],
	];
	const note: NotePart[] = [
		{text: `${count('busy')} busy · ${count('free')} free`, rank: 0},
		...counts.filter(([number]) => number > 0).map(([number, word]) => ({text: `${number} ${word}`, rank: 2})),
		...queuedNote(facts.tells.queue).map((text) => ({text, rank: 3})),
	];
	return {
		title: items.length > 1 ? `${items.length} GPUs` : items.length === 1 ? 'GPU' : 'GPUs',
		note: items.length === 0 ? [] : note,
		items,
		problems: gpu.problems.map(({message, fix}) => ({message, fix})),
		waiting: gpu.phase === 'waiting',
	};
}

/** `alice queued for 2`, `3 queued`. */
function queuedNote(queue: readonly QueueEntry[] | undefined): string[] {
	if (queue === undefined) {
		return ['queue unknown'];
	}

	const [first, ...more] = queue;
	return first === undefined
		? []
		: [
				more.length === 0
					? `${first.mine ? 'you are' : first.user} queued for ${first.count}`
					: `${queue.length} queued`,
			];
}

function gpuItem(reading: GpuReading, facts: Facts, view: View): GpuItem {
	const {memoryUsedMiB: used, memoryTotalMiB: total, temperature, powerDraw, powerLimit} = reading;
	const share = used === null || total === null || total === 0 ? null : used / total;
	const processes = facts.gpu.processes.filter((process) => process.gpuUuid === reading.uuid);
	const {gpus = []} = facts.gpu.inventory ?? {};
	const {state, reason} = stateOfCard({
		...reading,
		processes: facts.gpu.processesUnknown ? null : processes.length,
		held: facts.box.boxes.some((box) => holdsCard(box, reading.uuid, gpus)),
	});
	const users = usersOf(reading.uuid, facts, processes);
	return {
		uuid: reading.uuid,
		index: String(reading.index),
		name: reading.name.replace(/^NVIDIA /, '').replace(/^GeForce /, ''),
		selected: view.gpuUuid === reading.uuid,
		state,
		trouble: troubleOf(reading, state, reason),
		utilization: reading.utilization,
		history: reading.history,
		memoryShare: share,
		memoryShort: used === null || total === null ? '–' : `${gib(used)}/${Math.round(total / 1024)}G`,
		memoryLong: used === null || total === null ? 'not reported' : `${gib(used)} of ${gib(total)} GiB`,
		memoryStyle: share === null ? theme.quiet : fullnessStyle(share),
		temperature: temperature === null ? '–' : `${Math.round(temperature)}°C`,
		temperatureStyle: temperature === null ? theme.quiet : temperatureStyle(temperature),
		powerShort: powerDraw === null ? '–' : `${Math.round(powerDraw)}W`,
		powerLong: powerInWords(powerDraw, powerLimit),
		extra: [
			reading.clockSm === null ? '' : `${Math.round(reading.clockSm)} MHz`,
			reading.fanSpeed === null ? '' : `fan ${Math.round(reading.fanSpeed)}%`,
			reading.performanceState ?? '',
			reading.mig.length === 0 ? '' : `MIG ${reading.mig.map((slice) => slice.profile).join(' ')}`,
		]
			.filter((part) => part !== '')
			.join(' · '),
		users,
		noUsers: noUsersText[state],
		noWork: facts.gpu.processesUnknown ? 'processes not known' : 'no process',
		work: processes.toSorted((a, b) => (b.usedMemoryMiB ?? 0) - (a.usedMemoryMiB ?? 0)).map(processInWords),
	};
}

const noUsersText: Record<CardState, string> = {
	free: 'free',
	busy: 'in use',
	held: '–',
	unusable: '',
	unknown: 'not known',
};

/** What stands in place of figures that are missing, or of no use to anyone. */
function troubleOf(reading: GpuReading, state: CardState, reason: string | null): string | undefined {
	if (state === 'unusable') {
		const advice = reading.lost
			? ', reboot to recover it'
			: reading.faulty
				? `: nvidia-smi --gpu-reset -i ${reading.index}`
				: '';
		return `✕ ${reason}${advice}`;
	}

	return reading.unread ? `? ${reason}` : undefined;
}

/** MiB in GiB, with one digit behind the point only where it tells something. */
function gib(mebibytes: number): string {
	const value = mebibytes / 1024;
	return value >= 100 ? String(Math.round(value)) : value.toFixed(1);
}

function powerInWords(draw: number | null, limit: number | null): string {
	if (draw === null) {
		return limit === null ? '' : `limit ${Math.round(limit)} W`;
	}

	return limit === null ? `${Math.round(draw)} W` : `${Math.round(draw)} of ${Math.round(limit)} W`;
}

function shortNameOf({name}: NamedProcess): string {
	return name?.split('/').at(-1) ?? 'process';
}

export function processInWords(process: NamedProcess): string {
	const name = shortNameOf(process);
	const memory = process.usedMemoryMiB === null ? '' : ` ${gib(process.usedMemoryMiB)} GiB`;
	// With a box, its name stands beside this already.
	const user = process.user === null || process.box !== null ? '' : ` (${process.user})`;
	return `${name} ${process.pid}${memory}${user}`;
}

/** Who is on a GPU: boxes that hold it, then what computes on it outside of any box. */
function usersOf(uuid: string, facts: Facts, processes: NamedProcess[]): string[] {
	const slices = facts.gpu.inventory?.gpus.find((gpu) => gpu.uuid === uuid)?.mig.map((slice) => slice.uuid) ?? [];
	const holders = facts.box.boxes.filter(
		(box) => isRunning(box) && box.gpus.some((held) => held === uuid || slices.includes(held)),
	);
	const names = new Set(holders.map((box) => box.name));
	const users = new Set(holders.map(boxWithOwner));
	for (const process of processes) {
		if (process.box === null || !names.has(process.box)) {
			const name =
				process.box ??
				process.container?.name ??
				(process.name === null ? `process ${process.pid}` : shortNameOf(process));
			users.add(process.user === null ? name : `${name} (${process.user})`);
		}
	}

	return [...users];
}

/** Most names begin with the owner's: then that is said already. */
function boxWithOwner({name, owner}: Pick<Box, 'name' | 'owner'>): string {
	return name === owner || name.startsWith(`${owner}-`) ? name : `${name} (${owner})`;
}

/** The parts of the line about the host, the most important first. */
export function selectHostLine(facts: Facts): string[] {
	const {host, gpu} = facts;
	const parts = [
		host?.hostname ?? '',
		facts.replayed ?? '',
		gpu.inventory?.driverVersion == null ? '' : `driver ${gpu.inventory.driverVersion}`,
		gpu.inventory?.cudaVersion == null ? '' : `CUDA ${gpu.inventory.cudaVersion}`,
	];
	if (host !== undefined) {
		const {cpuLoad, cpuCount, memoryUsedBytes, memoryTotalBytes, diskFreeBytes} = host;
		parts.push(
			cpuLoad === null ? '' : `CPU ${Math.round(cpuLoad)}%${cpuCount === null ? '' : ` of ${cpuCount}`}`,
			memoryUsedBytes === null || memoryTotalBytes === null
				? ''
				: `mem ${gib(memoryUsedBytes / mebibyte)}/${gib(memoryTotalBytes / mebibyte)} GiB`,
			diskFreeBytes === null ? '' : `disk ${formatBytes(diskFreeBytes)} free`,
		);
	}

	return parts.filter((part) => part !== '');
}

/** Lines that a question, or running tasks and the last message, need together, at least one. */
export function messageLines({message, tasks}: Facts, {asking}: View, columns: number): number {
	if (asking !== undefined) {
		return 'top' in asking ? 1 : questionLines(asking, columns).length;
	}

	const shown = message === undefined ? 0 : heightOf(message, columns);
	return Math.max(1, shown + Math.min(1, tasks.length));
}

/** The same for a screen that has lines for them only while there is something to show. */
export function noticeLines(facts: Facts, view: View, columns: number): number {
	const isEmpty = facts.tasks.length === 0 && facts.message === undefined && view.asking === undefined;
	return isEmpty ? 0 : messageLines(facts, view, columns);
}
