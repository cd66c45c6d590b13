import {emptyField, insert, type Typed, textOf, type as typeInto} from '../setup/field.ts';
import {chosenRow, type ListState, moveBy, newList, type Row, withoutFilter} from './list.ts';

/** The screens that are one list. */
const listNames = [
	'containers',
	'processes',
	'people',
	'images',
	'disk',
	'hosts',
	'settings',
	'events',
	'commands',
] as const;
export type ListName = (typeof listNames)[number];

export type ListAction =
	| {type: 'view'; to: ListName | 'main'}
	| {type: 'select-row'; by: number}
	| {type: 'filter'; does: 'open' | 'accept' | 'clear'}
	| {type: 'type-filter'; typed: Typed}
	/** Clears the filter where there is one, and leaves the screen where not. */
	| {type: 'leave-list' | 'sort' | 'enter-row' | 'copy-row'};

/** Lists that are a part of their screen: of these the view says which row is chosen. */
type PartName = 'boxes' | 'doctor';

export type Lists = Readonly<Record<ListName | PartName, ListState>>;

export const newLists: Lists = {
	boxes: newList,
	containers: newList,
	processes: newList,
	people: newList,
	images: newList,
	disk: newList,
	hosts: newList,
	settings: newList,
	events: newList,
	// The newest is the last.
	commands: {...newList, place: Number.POSITIVE_INFINITY},
	doctor: newList,
};

/** What is on the screen of a list. */
export type ListSituation = {
	/** As shown: filtered and sorted. */
	rows: readonly Row[];
	/** The ids as a column sorts them now, of all rows; undefined for one whose values do not move. */
	orderBy: (sort: string | undefined) => readonly string[] | undefined;
	/** The column to sort by after this one. */
	nextSort: (sort: string | undefined) => string | undefined;
	/** What Enter leads to from a row: a row of another list, or that list filtered. */
	leadsTo: (id: string) => Lead | undefined;
};

export type Lead =
	| {to: ListName; row: string}
	| {to: ListName; filter: string}
	| {to: 'main'; boxId: string}
	| {to: 'main'; gpuUuid: string};

/** `left`: what was shown before is shown again. `copied`: a text for the clipboard. */
type Change = {
	screen?: ListName | 'main';
	lists?: Lists;
	boxId?: string;
	gpuUuid?: string;
	focus?: 'boxes' | 'gpus';
	zoom?: undefined;
	left?: true;
	copied?: string;
};

export function isListName(screen: string): screen is ListName {
	return (listNames as readonly string[]).includes(screen);
}

/** The list that the keys on a screen are about. */
function listOf(screen: string): keyof Lists | undefined {
	return screen === 'main' ? 'boxes' : screen === 'doctor' || isListName(screen) ? screen : undefined;
}

/** Whether the filter of the list on the screen is being typed. */
export function isFiltering({screen, lists}: {screen: string; lists: Lists}): boolean {
	const name = listOf(screen);
	return name !== undefined && lists[name].typing;
}

/** What a key does on a list: the parts of the view that change. */
export function reduceLists(
	{screen, lists}: {screen: string; lists: Lists},
	action: ListAction,
	situation: () => ListSituation,
): Change {
	if (action.type === 'view') {
		return {screen: action.to};
	}

	const name = listOf(screen);
	if (name === undefined) {
		return {};
	}

	const list = lists[name];
	const changed = (change: Partial<ListState>): Change => ({lists: {...lists, [name]: {...list, ...change}}});
	switch (action.type) {
		case 'select-row': {
			return changed(moveBy(list, situation().rows, action.by));
		}

		case 'filter': {
			return changed(
				action.does === 'open'
					? {typing: true}
					: action.does === 'accept'
						? {typing: false}
						: {typing: false, filter: emptyField},
			);
		}

		case 'type-filter': {
			return changed({filter: typeInto(list.filter, action.typed)});
		}

		case 'sort': {
			const {nextSort, orderBy} = situation();
			const sort = nextSort(list.sort);
			return changed({sort, order: orderBy(sort)});
		}

		case 'leave-list': {
			return textOf(list.filter) === '' ? {left: true} : changed(withoutFilter(list, situation().rows));
		}

		case 'copy-row': {
			const {value, text} = chosenRow(situation().rows, list)?.cells.name ?? {};
			const name = typeof value === 'string' ? value : text;
			return name === undefined ? {} : {copied: name};
		}

		case 'enter-row': {
			const {rows, leadsTo} = situation();
			const row = chosenRow(rows, list);
			const lead = row === undefined ? undefined : leadsTo(row.id);
			return lead === undefined ? {} : follow(lists, lead);
		}
	}
}

function follow(lists: Lists, lead: Lead): Change {
	// A row that the filter there hides could not be seen.
	if ('boxId' in lead) {
		const boxes = {...lists.boxes, filter: emptyField, typing: false};
		return {screen: 'main', focus: 'boxes', zoom: undefined, boxId: lead.boxId, lists: {...lists, boxes}};
	}

	if ('gpuUuid' in lead) {
		return {screen: 'main', focus: 'gpus', zoom: undefined, gpuUuid: lead.gpuUuid};
	}

	const there = lists[lead.to];
	const list =
		'row' in lead
			? {...there, chosen: lead.row, filter: emptyField, typing: false}
			: {...there, filter: insert(emptyField, lead.filter), typing: false};
	return {screen: lead.to, lists: {...lists, [lead.to]: list}};
}
