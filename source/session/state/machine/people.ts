/** Who holds how much of the machine. Pure. */
import {isRunning} from '../../../box/box.ts';
import {holdsGpus} from '../../../box/gpus/claims.ts';
import type {QueueEntry} from '../../../box/gpus/queue-entry.ts';
import {ownerText} from '../../../box/list.ts';
import {formatDuration} from '../../../text/duration.ts';
import {theme} from '../../theme.ts';
import type {Cell, Column, Row} from '../lists/list.ts';
import type {Facts} from '../model.ts';
import {rangesOf} from '../tells/gpu-numbers.ts';
import {bytes} from './figures.ts';
import {ownerOf, ownerWord} from './owner.ts';

export const peopleColumns: readonly Column[] = [
	{key: 'name', title: 'USER', most: 24, least: 8, priority: 0, filtered: true},
	{key: 'count', title: 'GPUS', most: 4, align: 'right', priority: 1, largestFirst: true},
	{key: 'cards', title: 'WHICH', most: 16, least: 5, priority: 4},
	{key: 'memory', title: 'GPU MEM', most: 7, align: 'right', priority: 2, largestFirst: true, moves: true},
	{key: 'power', title: 'POWER', most: 8, align: 'right', priority: 3, largestFirst: true, moves: true},
	{key: 'boxes', title: 'BOXES', most: 5, align: 'right', priority: 6, largestFirst: true},
	{key: 'since', title: 'SINCE', most: 6, align: 'right', priority: 5, largestFirst: true},
	{key: 'queued', title: 'QUEUED', most: 12, align: 'right', priority: 3, largestFirst: true},
	{key: 'names', title: 'WHAT', most: 80, least: 12, priority: 7, filtered: true},
];

type Holding = {
	mine: boolean;
	/** UUIDs of the cards. */
	cards: Set<string>;
	/** MiB that their processes are known to have; null where it is not known what runs, or how much of it they have. */
	memory: number | null;
	/** Whether that is of all their processes. */
	memoryIsAll: boolean;
	/** Boxes and other things of theirs that are on cards or run. */
	names: Set<string>;
	boxes: number;
	/** When the oldest box that holds a card was created. */
	since: Date | undefined;
	/** What the user is queued for. */
	queued: readonly QueueEntry[];
};

/** A process whose user no one knows is someone's as well. */
const unknownUser = 'not known';

export function peopleRows(facts: Facts, now: Date): Row[] {
	const people = holdings(facts);
	const users = new Map<string, number>();
	for (const {cards} of people.values()) {
		for (const uuid of cards) {
			users.set(uuid, (users.get(uuid) ?? 0) + 1);
		}
	}

	return [...people]
		.toSorted(([a, one], [b, other]) => other.cards.size - one.cards.size || (a < b ? -1 : 1))
		.map(([name, holding]) => personRow(name, holding, {facts, users, now}));
}

function personRow(
	name: string,
	{mine, cards, memory, memoryIsAll, names, boxes, since, queued}: Holding,
	{facts, users, now}: {facts: Facts; users: ReadonlyMap<string, number>; now: Date},
): Row {
	const held = facts.gpu.readings.filter(({uuid}) => cards.has(uuid));
	// What a card draws for each of several users is not told.
	const alone = held.filter(({uuid}) => users.get(uuid) === 1);
	const watts = alone.flatMap(({powerDraw}) => (powerDraw === null ? [] : [powerDraw]));
	const power = watts.length === 0 ? null : watts.reduce((sum, draw) => sum + draw, 0);
	const isAll = watts.length === held.length;
	const sinceMs = since === undefined ? null : now.getTime() - since.getTime();
	return {
		id: name,
		mark: cards.size > 0 ? '●' : '○',
		markStyle: cards.size > 0 ? theme.good : theme.quiet,
		dim: name === unknownUser,
		cells: {
			name: {text: mine ? `${name} (you)` : name, value: name},
			count: {text: cards.size === 0 ? '–' : String(cards.size), value: cards.size},
			cards: {text: rangesOf(held.map(({index}) => index)).join(',')},
			memory: {
				text: memory === null ? '–' : memory === 0 ? '0' : `${memoryIsAll ? '' : '≥'}${bytes(memory * 1024 ** 2)}`,
				value: memory,
			},
			power: {
				text: power === null ? (held.length === 0 ? '–' : 'shared') : `${isAll ? '' : '≥'}${Math.round(power)} W`,
				value: power,
			},
			boxes: {text: String(boxes), value: boxes},
			since: {text: sinceMs === null ? '–' : (formatDuration(sinceMs).split(' ')[0] ?? ''), value: sinceMs},
			queued: queuedCell(queued, now),
			names: {text: [...names, ...queued.map(waitText)].join(', '), style: theme.quiet},
		},
	};
}

/** `2 · 12m`: how many GPUs the first of them is for, and since when. */
function queuedCell(queued: readonly QueueEntry[], now: Date): Cell {
	const [first, ...more] = queued;
	if (first === undefined) {
		return {text: '–', value: null};
	}

	const since = formatDuration(now.getTime() - first.since.getTime()).split(' ')[0] ?? '';
	return {
		text: `${first.count} · ${since}${more.length === 0 ? '' : ` +${more.length}`}`,
		value: now.getTime() - first.since.getTime(),
		style: theme.warning,
	};
}

/** `alice-eval behind box bob-train`. */
function waitText({name, behind}: QueueEntry): string {
	return behind.length === 0 ? `queued: ${name}` : `queued: ${name}, behind ${behind.join(', ')}`;
}

function holdings(facts: Facts): Map<string, Holding> {
	const people = new Map<string, Holding>();
	const of = (name: string, mine: boolean): Holding => {
		const known = people.get(name) ?? {
			mine: false,
			cards: new Set(),
			memory: facts.gpu.processesUnknown ? null : 0,
			memoryIsAll: true,
			names: new Set(),
			boxes: 0,
			since: undefined,
			queued: [],
		};
		known.mine ||= mine;
		people.set(name, known);
		return known;
	};
	const cards = facts.gpu.inventory?.gpus ?? [];
	for (const box of facts.box.boxes.filter(isRunning)) {
		const holding = of(ownerText(box), box.mine);
		holding.boxes += 1;
		holding.names.add(box.name);
		if (holdsGpus(box) && box.gpus.length > 0) {
			const {since} = holding;
			holding.since = since === undefined || box.createdAt < since ? box.createdAt : since;
			for (const {uuid, mig} of cards) {
				if (box.gpus.some((held) => held === uuid || mig.some((slice) => slice.uuid === held))) {
					holding.cards.add(uuid);
				}
			}
		}
	}

	for (const process of facts.gpu.processes) {
		const box = facts.box.boxes.find(({name}) => name === process.box);
		const container = facts.machine.containers.find(({id}) => id === process.container?.id);
		const guessed = container === undefined ? '' : ownerWord(ownerOf(container, facts));
		const name = box === undefined ? guessed || process.user || unknownUser : ownerText(box);
		const holding = of(name, box?.mine ?? name === facts.person);
		holding.cards.add(process.gpuUuid);
		holding.names.add(
			process.box ?? process.container?.name ?? process.name?.split('/').at(-1) ?? `process ${process.pid}`,
		);
		const {usedMemoryMiB: used} = process;
		holding.memoryIsAll &&= used !== null;
		holding.memory = used !== null ? (holding.memory ?? 0) + used : holding.memory === 0 ? null : holding.memory;
	}

	for (const entry of facts.tells.queue ?? []) {
		const box = facts.box.boxes.find(({uid, mine}) => uid === entry.uid && mine === entry.mine);
		const holding = of(box === undefined ? entry.user : ownerText(box), entry.mine);
		holding.queued = [...holding.queued, entry];
	}

	return people;
}
