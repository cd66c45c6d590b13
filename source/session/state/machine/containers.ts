import {type Box, isRunning} from '../../../box/box.ts';
import {formatDuration} from '../../../text/duration.ts';
import {theme} from '../../theme.ts';
import {gpuNumbers, markOf} from '../boxes/select-boxes.ts';
import type {Cell, Column, Row} from '../lists/list.ts';
import type {Facts} from '../model.ts';
import {rangesOf} from '../tells/gpu-numbers.ts';
import {expiryCell, idleCell} from '../tells/select-tells.ts';
import {bytes, rate} from './figures.ts';
import {loadCell} from './load-cell.ts';
import type {ListedContainer, Use} from './machine.ts';
import {ownerOf, ownerWord} from './owner.ts';

export const containerColumns: readonly Column[] = [
	{key: 'name', title: 'NAME', most: 36, least: 12, priority: 0, filtered: true},
	{key: 'owner', title: 'OWNER', most: 14, least: 5, priority: 1, filtered: true},
	{key: 'cpu', title: 'CPU', most: 6, align: 'right', priority: 2, largestFirst: true, moves: true},
	{key: 'memory', title: 'MEM', most: 6, align: 'right', priority: 3, largestFirst: true, moves: true},
	{key: 'gpus', title: 'GPU', most: 9, priority: 4},
	{key: 'gpuMemory', title: 'GPU MEM', most: 7, align: 'right', priority: 5, largestFirst: true, moves: true},
	{key: 'sm', title: 'SM', most: 5, align: 'right', priority: 6, largestFirst: true, moves: true},
	{key: 'received', title: 'NET IN', most: 7, align: 'right', priority: 10, largestFirst: true, moves: true},
	{key: 'sent', title: 'NET OUT', most: 7, align: 'right', priority: 11, largestFirst: true, moves: true},
	{key: 'idle', title: 'IDLE', most: 6, align: 'right', priority: 8, largestFirst: true},
	{key: 'expires', title: 'EXPIRES', most: 7, align: 'right', priority: 9},
	{key: 'state', title: 'STATE', most: 10, priority: 13, filtered: true},
	{key: 'age', title: 'AGE', most: 5, align: 'right', priority: 7},
	{key: 'image', title: 'IMAGE', most: 70, least: 14, priority: 12, filtered: true},
];

/** A container with what is known of it elsewhere. */
export type KnownContainer = ListedContainer & {box: Box | undefined; running: boolean};

/** The user's boxes first, then boxes of others, then all other containers; each by name. */
export function knownContainers({machine, box}: Pick<Facts, 'machine' | 'box'>): KnownContainer[] {
	const boxes = new Map(box.boxes.map((each) => [each.id, each]));
	const rank = ({box: found, claim}: KnownContainer) => (found?.mine ? 0 : found ? 1 : claim ? 2 : 3);
	return machine.containers
		.map((container) => ({...container, box: boxes.get(container.id), running: isRunning(container)}))
		.sort((a, b) => rank(a) - rank(b) || (shownName(a) < shownName(b) ? -1 : 1));
}

/** Boxes are known by the name without its prefix. */
export function shownName({box, name, id}: Pick<KnownContainer, 'box' | 'name' | 'id'>): string {
	return box?.name ?? (name === '' ? id.slice(0, 12) : name);
}

export function containerRows(facts: Facts, now: Date): Row[] {
	return knownContainers(facts).map((container) => containerRow(container, facts, now));
}

function containerRow(container: KnownContainer, facts: Facts, now: Date): Row {
	const {id, box, state, running, createdAt, image} = container;
	const use = facts.machine.uses.get(id);
	const ageMs = now.getTime() - createdAt.getTime();
	const processes = facts.gpu.processes.filter((process) => process.container?.id === id);
	return {
		id,
		...markOf({state}),
		// What may be done with others is asked about first.
		dim: !running || box === undefined,
		...(state === 'running' ? {measured: true as const} : {}),
		cells: {
			name: {text: shownName(container)},
			owner: {text: ownerWord(ownerOf(container, facts))},
			...cellsOfUse(running ? use : undefined, running),
			gpus: {text: cardsOf(container, facts)},
			gpuMemory: gpuMemoryCell(processes),
			sm: loadCell(processes, facts),
			idle: idleCell(box, facts.tells, now),
			expires: expiryCell(box, now),
			state: {text: state === 'exited' ? 'stopped' : state},
			age: {text: formatDuration(ageMs).split(' ')[0] ?? '', value: ageMs},
			image: {text: box?.image ?? image, style: theme.quiet},
		},
	};
}

function cellsOfUse(use: Use | undefined, running: boolean) {
	const cell = (value: number | null | undefined, show: (value: number) => string) => ({
		text: value == null ? (running ? '–' : '') : show(value),
		value: value ?? null,
	});
	return {
		cpu: cell(use?.cpuPercent, (percent) => `${percent >= 10 ? Math.round(percent) : percent.toFixed(1)}%`),
		memory: cell(use?.memoryBytes, bytes),
		received: cell(use?.receivedRate, rate),
		sent: cell(use?.sentRate, rate),
	};
}

/** What these processes have on all cards; at least so much where the driver does not tell it of all of them, unknown where of none. */
function gpuMemoryCell(processes: Facts['gpu']['processes']): Cell {
	const known = processes.flatMap(({usedMemoryMiB}) => (usedMemoryMiB === null ? [] : [usedMemoryMiB]));
	if (known.length === 0) {
		return {text: processes.length === 0 ? '' : '–', value: null};
	}

	const used = known.reduce((sum, each) => sum + each, 0);
	return {text: `${known.length < processes.length ? '≥' : ''}${bytes(used * 1024 ** 2)}`, value: used};
}

/** The cards of a box; of another container those on which its processes run. */
function cardsOf({id, box}: KnownContainer, facts: Facts): string {
	if (box !== undefined) {
		return gpuNumbers(box, facts);
	}

	const uuids = new Set(facts.gpu.processes.flatMap((each) => (each.container?.id === id ? [each.gpuUuid] : [])));
	const {readings} = facts.gpu;
	return rangesOf(readings.flatMap(({uuid, index}) => (uuids.has(uuid) ? [index] : []))).join(',');
}
