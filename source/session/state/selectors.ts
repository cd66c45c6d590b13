import type {Box} from '../../box/box.ts';
import type {NamedProcess} from '../../box/process-names.ts';
import {formatBytes} from '../../text/bytes.ts';
import {formatDuration} from '../../text/duration.ts';
import {bindings, type Scope, shownKey} from '../keymap.ts';
import {fullnessStyle, type Style, temperatureStyle, theme} from '../theme.ts';
import type {Facts, GpuReading} from './facts.ts';
import {chosenBox, type Pane, type View} from './view.ts';

const mebibyte = 1024 * 1024;

/** A GPU as its row shows it: everything that can be said is said in text here, so that the row only has to lay it out. */
export type GpuItem = {
	uuid: string;
	index: string;
	name: string;
	selected: boolean;
	/** `ok`, or the word to show in place of figures. */
	state: 'ok' | 'lost' | 'needs reset';
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
	/** Boxes and people on it, `train (alice)`; empty when nobody is. */
	users: string[];
	/** Its processes in words, the largest first. */
	work: string[];
};

export type GpuPaneView = {
	title: string;
	note: string;
	items: GpuItem[];
	/** Shown in place of rows, or below them: what is wrong and what mends it. */
	problems: Array<{message: string; fix: string}>;
	waiting: boolean;
};

export function selectGpuPane(facts: Facts, view: View): GpuPaneView {
	const {gpu} = facts;
	const items = gpu.readings.map((reading) => gpuItem(reading, facts, view));
	const busy = items.filter((item) => (item.utilization ?? 0) >= 5).length;
	const free = items.filter((item) => item.users.length === 0 && item.state === 'ok').length;
	const lost = items.filter((item) => item.state !== 'ok').length;
	const note = [`${busy} busy`, `${free} free`, ...(lost > 0 ? [`${lost} lost`] : [])].join(' · ');
	return {
		title: items.length > 1 ? `${items.length} GPUs` : items.length === 1 ? 'GPU' : 'GPUs',
		note: items.length === 0 ? '' : note,
		items,
		problems: gpu.problems.map(({message, fix}) => ({message, fix})),
		waiting: gpu.phase === 'waiting',
	};
}

function gpuItem(reading: GpuReading, facts: Facts, view: View): GpuItem {
	const {memoryUsedMiB: used, memoryTotalMiB: total, temperature, powerDraw, powerLimit} = reading;
	const share = used === null || total === null || total === 0 ? null : used / total;
	const processes = facts.gpu.processes.filter((process) => process.gpuUuid === reading.uuid);
	return {
		uuid: reading.uuid,
		index: String(reading.index),
		name: reading.name.replace(/^NVIDIA /, '').replace(/^GeForce /, ''),
		selected: view.gpuUuid === reading.uuid,
		state: reading.lost ? 'lost' : reading.faulty ? 'needs reset' : 'ok',
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
		users: usersOf(reading.uuid, facts, processes),
		work: processes.toSorted((a, b) => (b.usedMemoryMiB ?? 0) - (a.usedMemoryMiB ?? 0)).map(processInWords),
	};
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

function processInWords(process: NamedProcess): string {
	const name = process.name.split('/').at(-1) ?? process.name;
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
			const name = process.box ?? process.name.split('/').at(-1) ?? process.name;
			users.add(process.user === null ? name : `${name} (${process.user})`);
		}
	}

	return [...users];
}

/** Most names begin with the owner's: then that is said already. */
function boxWithOwner({name, owner}: Pick<Box, 'name' | 'owner'>): string {
	return name === owner || name.startsWith(`${owner}-`) ? name : `${name} (${owner})`;
}

export type BoxItem = {
	id: string;
	selected: boolean;
	mark: string;
	markStyle: Style;
	name: string;
	owner: string;
	state: string;
	services: string;
	/** Numbers of its GPUs, `0-3`. */
	gpus: string;
	image: string;
	age: string;
	running: boolean;
};

export type BoxPaneView = {
	title: string;
	note: string;
	items: BoxItem[];
	/** What to say where there are no rows. */
	empty: string[];
	problem: {message: string; fix: string} | undefined;
};

export function selectBoxPane(facts: Facts, view: View, now: Date): BoxPaneView {
	const {boxes, phase, problem} = facts.box;
	const chosen = chosenBox(view, boxes);
	const running = boxes.filter(isRunning).length;
	return {
		title: 'Boxes',
		note: boxes.length === 0 ? '' : `${running} of ${boxes.length} running`,
		items: boxes.map((box) => boxItem(box, facts, box === chosen, now)),
		empty:
			phase === 'waiting'
				? ['Asking the engine …']
				: phase === 'live'
					? ['No boxes yet.', '', `Press u to start a Jupyter box for ${facts.folder}.`]
					: [],
		problem,
	};
}

/** Whether something runs in it now. */
export function isRunning(box: Pick<Box, 'state'>): boolean {
	return box.state === 'running' || box.state === 'restarting' || box.state === 'paused';
}

const serviceShort = {jupyter: 'jupyter', ssh: 'ssh'} as const;

function boxItem(box: Box, facts: Facts, selected: boolean, now: Date): BoxItem {
	return {
		id: box.id,
		selected,
		...markOf(box),
		name: box.name,
		owner: box.owner,
		state: box.state === 'exited' ? 'stopped' : box.state,
		services: box.services.map((service) => serviceShort[service]).join(' '),
		gpus: gpuNumbers(box, facts),
		image: box.image,
		age: age(box.createdAt, now).split(' ')[0] ?? '',
		running: isRunning(box),
	};
}

function age(from: Date, to: Date): string {
	return formatDuration(to.getTime() - from.getTime());
}

function markOf(box: Box): {mark: string; markStyle: Style} {
	switch (box.state) {
		case 'running': {
			return {mark: '●', markStyle: theme.good};
		}

		case 'paused':
		case 'restarting':
		case 'removing': {
			return {mark: '◐', markStyle: theme.warning};
		}

		case 'dead': {
			return {mark: '✕', markStyle: theme.bad};
		}

		case 'created':
		case 'exited': {
			return {mark: '○', markStyle: theme.quiet};
		}
	}
}

/** GPUs by nvidia-smi's number, `0-3,6`; one that is not there (any more) by the start of its UUID. */
function gpuNumbers(box: Box, facts: Facts): string {
	const known = new Set<number>();
	const unknown = new Set<string>();
	for (const uuid of box.gpus) {
		const gpu = facts.gpu.inventory?.gpus.find(
			(each) => each.uuid === uuid || each.mig.some((slice) => slice.uuid === uuid),
		);
		if (gpu === undefined) {
			unknown.add(`${uuid.slice(0, 8)}?`);
		} else {
			known.add(gpu.index);
		}
	}

	return [...rangesOf([...known]), ...(facts.gpu.phase === 'waiting' ? [] : unknown)].join(',');
}

/** `[0, 1, 2, 5]` as `0-2` and `5`. */
export function rangesOf(numbers: number[]): string[] {
	const ranges: Array<{from: number; to: number}> = [];
	for (const number of numbers.toSorted((a, b) => a - b)) {
		const last = ranges.at(-1);
		if (last !== undefined && last.to + 1 === number) {
			last.to = number;
		} else {
			ranges.push({from: number, to: number});
		}
	}

	return ranges.map(({from, to}) => (from === to ? `${from}` : to === from + 1 ? `${from},${to}` : `${from}-${to}`));
}

/** Everything that is known about a box, as pairs of a label and a value. */
export function selectDetail(facts: Facts, view: View, now: Date): Array<[label: string, value: string]> {
	const box = chosenBox(view, facts.box.boxes);
	if (box === undefined) {
		return [];
	}

	const pairs: Array<[string, string]> = [
		['name', box.name],
		['owner', box.owner],
		['state', boxItem(box, facts, false, now).state],
		['project', box.project],
		['image', box.image],
	];
	const {jupyter, ssh} = box.addresses;
	if (jupyter !== undefined) {
		pairs.push(['jupyter', `http://${jupyter.host}:${jupyter.port}  (o opens it)`]);
	}

	if (ssh !== undefined) {
		const how = box.rootPassword ? '  (as root, with a password)' : '';
		pairs.push(['ssh', `${ssh.host} port ${ssh.port}${how}`]);
	}

	if (jupyter === undefined && ssh === undefined && box.services.length > 0) {
		pairs.push(['offers', `${box.services.join(' and ')} while it runs`]);
	}

	for (const [place, uuid] of box.gpus.entries()) {
		const gpu = facts.gpu.readings.find((each) => each.uuid === uuid);
		const words = gpu === undefined ? uuid : `${gpu.index}  ${gpu.name}${gpu.lost ? ' (lost)' : ''}`;
		pairs.push([place === 0 ? 'GPUs' : '', words]);
	}

	if (box.gpus.length === 0) {
		pairs.push(['GPUs', 'none']);
	} else {
		pairs.push(['sharing', box.shareGpus ? 'with others' : 'alone on its GPUs']);
	}

	if (box.sudo) {
		pairs.push(['sudo', 'its user may become root inside']);
	}

	const processes = facts.gpu.processes.filter((process) => process.box === box.name);
	for (const [place, process] of processes.entries()) {
		pairs.push([place === 0 ? 'processes' : '', `GPU ${indexOf(process.gpuUuid, facts)}  ${processInWords(process)}`]);
	}

	pairs.push(['created', `${age(box.createdAt, now)} ago`]);
	pairs.push(['container', box.id.slice(0, 12)]);
	return pairs;
}

function indexOf(uuid: string, facts: Facts): string {
	return String(facts.gpu.readings.find((each) => each.uuid === uuid)?.index ?? '?');
}

/** The parts of the line about the host, the most important first. */
export function selectHostLine(facts: Facts): string[] {
	const {host, gpu} = facts;
	const parts = [
		host?.hostname ?? '',
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

/** Where the keyboard is, the nearest first. */
export function scopesOf(view: View): Scope[] {
	const tour: Scope[] = view.tour === undefined ? [] : ['tour'];
	if (view.asking !== undefined) {
		return ['confirm', ...tour];
	}

	return view.screen === 'main' ? [view.focus, 'main', 'anywhere', ...tour] : [view.screen, 'anywhere', ...tour];
}

export type Hint = {key: string; label: string};

/** The keys worth showing now, the most important first. */
export function selectHints(facts: Facts, view: View, offered: {demo: boolean; images: boolean}): Hint[] {
	const scopes = scopesOf(view);
	const box = chosenBox(view, facts.box.boxes);
	const sense = (action: string): boolean => {
		switch (action) {
			case 'demo': {
				return offered.demo;
			}

			case 'images': {
				return offered.images;
			}

			// While it is there, it says itself how to leave it.
			case 'tour': {
				return view.tour?.shown === false;
			}

			case 'cancel': {
				return facts.tasks.some(({cancellable}) => cancellable);
			}

			case 'up': {
				return facts.box.phase !== 'no-engine';
			}

			case 'attach':
			case 'find-idle-kernels':
			case 'open': {
				return box !== undefined && isRunning(box);
			}

			case 'stop-or-start':
			case 'ask-remove':
			case 'show': {
				return box !== undefined;
			}

			default: {
				return true;
			}
		}
	};

	const hints: Hint[] = [];
	for (const {scope, keys, short, action} of bindings) {
		if (short === undefined || !scopes.includes(scope) || !sense(action.type)) {
			continue;
		}

		if (action.type === 'help' && view.screen === 'help') {
			continue;
		}

		const label = action.type === 'stop-or-start' && box !== undefined && !isRunning(box) ? 'start' : short;
		const hint = {key: shownKey(keys[0] ?? ''), label};
		// Where there is nothing to manage, the made-up host is the first thing to offer; and what is at work may be a mistake.
		if (action.type === 'demo' || action.type === 'cancel' || action.type === 'tour') {
			hints.unshift(hint);
		} else {
			hints.push(hint);
		}
	}

	return hints;
}

/** The made-up host is offered to those who lack GPUs or an engine. */
export function isDemoOffered(facts: Facts): boolean {
	const withoutGpu = facts.gpu.phase === 'silent' && facts.gpu.readings.length === 0;
	return !facts.demo && (facts.box.phase === 'no-engine' || withoutGpu);
}

/** The panes one can go to. */
export function panesOf(layout: {sideWidth: number}): Pane[] {
	return layout.sideWidth > 0 ? ['gpus', 'boxes', 'side'] : ['gpus', 'boxes'];
}
