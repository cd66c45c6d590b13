import {stripVTControlCharacters} from 'node:util';
import type {NvidiaSmi} from '../gpu.ts';
import {type RunOptions, runSmi} from '../smi/child.ts';

/** How near two cards are to each other: the higher the nearer, 0 when nothing is known of them. Symmetric. */
export type Closeness = (a: number, b: number) => number;

/** The words of the matrix, from its own legend. `NV4` is four bonded NVLinks. */
const byWord: Record<string, number> = {SYS: 1, NODE: 2, PHB: 3, PXB: 4, PIX: 5};
const nvlink = 100;

/**
Reads the matrix that `nvidia-smi topo -m` draws, also where network cards have columns of their own. Its numbers are the indexes
of the cards. Text that is no such matrix tells nothing.
*/
export function parseTopology(text: string): Closeness {
	const lines = stripVTControlCharacters(text).split('\n');
	const head = lines.findIndex((line) => /^\s*GPU\d+\b/.test(line));
	const columns = (lines[head] ?? '').trim().split(/\s*\t\s*/);
	const known = new Map<string, number>();
	for (const line of head < 0 ? [] : lines.slice(head + 1)) {
		const [name = '', ...cells] = line.trim().split(/\s*\t\s*/);
		const from = /^GPU(\d+)$/.exec(name)?.[1];
		for (const [position, cell] of from === undefined ? [] : cells.entries()) {
			const to = /^GPU(\d+)$/.exec(columns[position] ?? '')?.[1];
			const links = /^NV(\d+)$/.exec(cell)?.[1];
			const value = links === undefined ? byWord[cell] : nvlink + Number(links);
			if (to !== undefined && value !== undefined) {
				known.set(`${from} ${to}`, value);
			}
		}
	}

	return (a, b) => known.get(`${a} ${b}`) ?? known.get(`${b} ${a}`) ?? 0;
}

/** Asks the driver. One that does not answer leaves all cards equally near. */
export async function readTopology(smi: NvidiaSmi, options: RunOptions): Promise<Closeness> {
	const {lines} = await runSmi(smi, ['topo', '-m'], options);
	return parseTopology(lines.join('\n'));
}

/**
The `count` that are nearest to each other: the worst connection among them counts first, then all together. Among equals
those that come first. Starts from each in turn and adds the nearest one after another.
*/
export function nearestGroup<T extends {index: number}>(cards: readonly T[], count: number, closeness: Closeness): T[] {
	let best: {cards: T[]; worst: number; sum: number} | undefined;
	for (const start of cards) {
		const group = {cards: [start], worst: Number.POSITIVE_INFINITY, sum: 0};
		while (group.cards.length < count) {
			let next: {card: T; worst: number; sum: number} | undefined;
			for (const card of cards.filter((candidate) => !group.cards.includes(candidate))) {
				const links = group.cards.map(({index}) => closeness(index, card.index));
				const option = {card, worst: Math.min(...links), sum: links.reduce((sum, link) => sum + link, 0)};
				if (!next || isNearer(option, next)) {
					next = option;
				}
			}

			if (!next) {
				break;
			}

			group.cards.push(next.card);
			group.worst = Math.min(group.worst, next.worst);
			group.sum += next.sum;
		}

		if (group.cards.length === count && (!best || isNearer(group, best))) {
			best = group;
		}
	}

	return best?.cards ?? [];
}

function isNearer(a: {worst: number; sum: number}, b: {worst: number; sum: number}): boolean {
	return a.worst === b.worst ? a.sum > b.sum : a.worst > b.worst;
}
