import {theme} from '../../theme.ts';
import type {Column, Row} from '../lists/list.ts';
import type {Facts} from '../model.ts';
import {bytes} from './figures.ts';
import {loadCell} from './load-cell.ts';

export const processColumns: readonly Column[] = [
	{key: 'gpu', title: 'GPU', most: 3, align: 'right', priority: 0},
	{key: 'pid', title: 'PID', most: 8, align: 'right', priority: 1, filtered: true},
	{key: 'user', title: 'USER', most: 14, least: 5, priority: 3, filtered: true},
	{key: 'container', title: 'CONTAINER', most: 36, least: 10, priority: 4, filtered: true},
	{key: 'memory', title: 'GPU MEM', most: 7, align: 'right', priority: 2, largestFirst: true, moves: true},
	{key: 'share', title: 'OF GPU', most: 6, align: 'right', priority: 7, largestFirst: true, moves: true},
	{key: 'sm', title: 'SM', most: 4, align: 'right', priority: 5, largestFirst: true, moves: true},
	{key: 'name', title: 'PROCESS', most: 60, least: 8, priority: 6, filtered: true},
];

/** By card, the largest first. */
export function processRows(facts: Facts): Row[] {
	const {processes, readings} = facts.gpu;
	const cards = new Map(readings.map((reading) => [reading.uuid, reading]));
	const index = (uuid: string) => cards.get(uuid)?.index ?? Number.POSITIVE_INFINITY;
	return processes
		.toSorted(
			(a, b) => index(a.gpuUuid) - index(b.gpuUuid) || (b.usedMemoryMiB ?? 0) - (a.usedMemoryMiB ?? 0) || a.pid - b.pid,
		)
		.map((process): Row => {
			const {gpuUuid, pid, name, user, box, container, usedMemoryMiB: used} = process;
			const card = cards.get(gpuUuid);
			const total = card?.memoryTotalMiB ?? null;
			const share = used === null || total === null || total === 0 ? null : used / total;
			return {
				id: processId(process),
				mark: container === null ? '·' : '●',
				markStyle: container === null ? theme.quiet : theme.good,
				dim: false,
				cells: {
					gpu: {text: card === undefined ? '?' : String(card.index), value: card?.index ?? null},
					pid: {text: String(pid), value: pid},
					user: {text: user ?? '', value: user},
					container: {
						text: box ?? (container === null ? '' : (container.name ?? container.id.slice(0, 12))),
						...(box === null ? {style: theme.quiet} : {}),
					},
					memory: {text: used === null ? '–' : bytes(used * 1024 ** 2), value: used},
					share: {text: share === null ? '–' : `${Math.round(share * 100)}%`, value: share},
					sm: loadCell([process], facts),
					name: {text: name ?? 'not told'},
				},
			};
		});
}

/** One process may have parts of several cards. */
export function processId({gpuUuid, pid}: {gpuUuid: string; pid: number}): string {
	return `${gpuUuid} ${pid}`;
}
