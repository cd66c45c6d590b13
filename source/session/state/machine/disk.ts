/** Who takes how much of the disk, as rows of one list. Pure. */
import type {Disk} from '../../../app/images/measure-disk.ts';
import {formatDuration} from '../../../text/duration.ts';
import {safeText} from '../../../text/safe.ts';
import {theme} from '../../theme.ts';
import type {Cell, Column, Row} from '../lists/list.ts';
import {bytes} from './figures.ts';
import type {DiskState} from './machine.ts';

export const diskColumns: readonly Column[] = [
	{key: 'kind', title: 'KIND', most: 11, priority: 2, filtered: true},
	{key: 'name', title: 'NAME', most: 46, least: 14, priority: 0, filtered: true},
	{key: 'size', title: 'SIZE', most: 7, align: 'right', priority: 1, largestFirst: true},
	{key: 'own', title: 'OWN', most: 6, align: 'right', priority: 3, largestFirst: true},
	{key: 'used', title: 'USED', most: 6, align: 'right', priority: 5},
	{key: 'by', title: 'USED BY', most: 60, least: 10, priority: 4, filtered: true},
];

type Item = {
	id: string;
	kind: string;
	name: string;
	/** Null where it was not measured. */
	bytes: number | null;
	isAll?: boolean;
	/** What goes with it when it is removed. */
	ownBytes?: number | null;
	usedAt?: Date | null;
	by?: string;
	/** gpubox makes it again when it is needed. */
	mayGo?: boolean;
};

/** The largest first, whatever it is. */
export function diskRows({disk}: DiskState, now: Date): Row[] {
	return (disk === undefined ? [] : itemsOf(disk))
		.toSorted((a, b) => (b.bytes ?? -1) - (a.bytes ?? -1) || (a.name < b.name ? -1 : 1))
		.map((item): Row => {
			const {id, kind, name, isAll = true, ownBytes, usedAt, by = '', mayGo = false} = item;
			const ageMs = usedAt == null ? null : now.getTime() - usedAt.getTime();
			return {
				id,
				mark: mayGo ? '○' : '●',
				markStyle: mayGo ? theme.quiet : theme.good,
				dim: mayGo,
				cells: {
					kind: {text: kind},
					name: {text: safeText(name)},
					size: sizeCell(item.bytes, isAll),
					own: ownBytes === undefined ? {text: '', value: null} : sizeCell(ownBytes, true),
					used: {text: ageMs === null ? '' : (formatDuration(ageMs).split(' ')[0] ?? ''), value: ageMs},
					by: {text: by, style: theme.quiet},
				},
			};
		});
}

function sizeCell(value: number | null, isAll: boolean): Cell {
	return {text: value === null ? '–' : `${isAll ? '' : '≥'}${bytes(value)}`, value};
}

function itemsOf({images, caches, stoppedBoxes, runs, buildCacheBytes, prunable}: Disk): Item[] {
	return [
		...images.map(({id, name, sizeBytes, ownBytes, lastUsedAt, usedBy}) => ({
			id: `image ${id}`,
			kind: 'image',
			name,
			bytes: sizeBytes,
			ownBytes,
			usedAt: lastUsedAt,
			by: usedBy.length === 0 ? 'nothing' : usedBy.join(', '),
			mayGo: prunable.some((each) => each.id === id),
		})),
		...caches.map(({name, path, bytes: size, complete}) => ({
			id: `cache ${name}`,
			kind: 'cache',
			name: `${name}  ${path}`,
			bytes: size,
			isAll: complete,
			by: 'you',
		})),
		...stoppedBoxes.map(({name, owner, writtenBytes, stoppedAt}) => ({
			id: `box ${name}`,
			kind: 'stopped box',
			name,
			bytes: writtenBytes,
			usedAt: stoppedAt,
			by: owner,
		})),
		...runs.map(({project, count, bytes: size, complete, lastAt}) => ({
			id: `runs ${project}`,
			kind: 'runs',
			name: `${count} of ${project}`,
			bytes: size,
			isAll: complete,
			usedAt: lastAt,
			by: 'you',
		})),
		...(buildCacheBytes === null || buildCacheBytes === 0
			? []
			: [{id: 'build cache', kind: 'build cache', name: 'layers of builds', bytes: buildCacheBytes}]),
	];
}
