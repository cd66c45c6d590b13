/** A list on a screen, whatever it lists: rows, columns, filter and order. Pure. */
import type {Style} from '../../theme.ts';
import {emptyField, type Field, textOf} from '../setup/field.ts';

export type Cell = {
	text: string;
	/** By which rows are sorted, in place of the text; null where it is unknown: last, whatever the direction. */
	value?: number | string | null;
	style?: Style;
};

export type Row = {
	id: string;
	mark: string;
	markStyle: Style;
	/** Drawn quietly: of another user, or over. */
	dim: boolean;
	/** It runs: while it is on the screen, it is measured what it uses. */
	measured?: true;
	/** Said in place of the cells behind the first one: there is nothing to put into them. Safe to print. */
	instead?: string;
	/** By the keys of the columns; all safe to print. */
	cells: Readonly<Record<string, Cell>>;
};

export type Column = {
	key: string;
	title: string;
	/** Columns of the terminal at most, and what it cannot do without: less, and it is left out. */
	most: number;
	least?: number;
	align?: 'right';
	/** What is left out first has the highest. */
	priority: number;
	/** Sorted from the largest on, as figures are. */
	largestFirst?: true;
	/** Its values change by themselves: rows keep their order for a while, so that they can be read. */
	moves?: true;
	/** The filter looks in it. */
	filtered?: true;
	/** It cannot be sorted by. */
	unsorted?: true;
};

/** What the user made of a list. Kept for each of them. */
export type ListState = {
	/** The row chosen, and the place at which it was: when it is gone, what is there now is chosen. */
	chosen: string | undefined;
	place: number;
	filter: Field;
	/** Whether the filter is being typed. */
	typing: boolean;
	/** A column's key; undefined for the order that the list comes in. */
	sort: string | undefined;
	/** Of a column that moves: the ids as they were when they were last sorted. */
	order: readonly string[] | undefined;
};

export const newList: ListState = {
	chosen: undefined,
	place: 0,
	filter: emptyField,
	typing: false,
	sort: undefined,
	order: undefined,
};

/** Whether a filter is typed, or hides rows: then it has a line. */
export function isFiltered({filter, typing}: Pick<ListState, 'filter' | 'typing'>): boolean {
	return typing || textOf(filter) !== '';
}

/** The rows to show: those that the filter finds, sorted. */
export function arrange(rows: readonly Row[], columns: readonly Column[], list: ListState): readonly Row[] {
	const found = filterRows(rows, columns, textOf(list.filter));
	const column = columns.find(({key}) => key === list.sort);
	if (column === undefined) {
		return found;
	}

	const sorted = found.toSorted(comparing(column));
	if (list.order === undefined || column.moves !== true) {
		return sorted;
	}

	// What came since stands at the end, until all are sorted again.
	const places = new Map(list.order.map((id, place) => [id, place]));
	const kept = sorted
		.filter(({id}) => places.has(id))
		.sort((a, b) => (places.get(a.id) ?? 0) - (places.get(b.id) ?? 0));
	return kept.length === sorted.length ? kept : [...kept, ...sorted.filter(({id}) => !places.has(id))];
}

/** All ids as the column sorts them now. */
export function orderOf(
	rows: readonly Row[],
	columns: readonly Column[],
	sort: string | undefined,
): readonly string[] | undefined {
	const column = columns.find(({key}) => key === sort);
	return column?.moves ? rows.toSorted(comparing(column)).map(({id}) => id) : undefined;
}

function comparing({key, largestFirst}: Column): (a: Row, b: Row) => number {
	const direction = largestFirst ? -1 : 1;
	return (a, b) => {
		const [one, other] = [sortValue(a, key), sortValue(b, key)];
		if (one === null || other === null) {
			return one === other ? 0 : one === null ? 1 : -1;
		}

		return direction * (typeof one === 'number' && typeof other === 'number' ? one - other : compareTexts(one, other));
	};
}

function sortValue({cells}: Row, key: string): number | string | null {
	const cell = cells[key];
	return cell === undefined ? null : cell.value === undefined ? cell.text : cell.value;
}

function compareTexts(one: number | string, other: number | string): number {
	return String(one).localeCompare(String(other), undefined, {numeric: true});
}

/** The column to sort by after this one; undefined stands for the order that the list comes in. */
export function nextSort(columns: readonly Column[], sort: string | undefined): string | undefined {
	const keys = columns.filter(({unsorted}) => !unsorted).map(({key}) => key);
	return sort === undefined ? keys[0] : keys[keys.indexOf(sort) + 1];
}

/** Rows in which each word of the filter is found in one of the columns that it looks in. */
export function filterRows<R extends Pick<Row, 'cells'>>(
	rows: readonly R[],
	columns: ReadonlyArray<Pick<Column, 'key' | 'filtered'>>,
	filter: string,
): readonly R[] {
	const words = plain(filter)
		.split(/\s+/)
		.filter((word) => word !== '');
	if (words.length === 0) {
		return rows;
	}

	const keys = columns.filter(({filtered}) => filtered).map(({key}) => key);
	return rows.filter(({cells}) => {
		const texts = keys.map((key) => plain(cells[key]?.text ?? ''));
		return words.every((word) => texts.some((text) => matches(text, word)));
	});
}

function plain(text: string): string {
	return text.normalize('NFKC').toLowerCase();
}

/** How much longer than the word the part may be in which its letters stand: else nearly everything has them somewhere. */
const mostSpread = 2;

/** Whether the letters of a word stand in a text in this order and near each other: `ltr` in `llm-train`. */
export function matches(text: string, word: string): boolean {
	if (text.includes(word)) {
		return true;
	}

	// One or two letters stand in this order nearly everywhere.
	if (word.length < 3) {
		return false;
	}

	const [first = ''] = word;
	for (let start = text.indexOf(first); start >= 0; start = text.indexOf(first, start + 1)) {
		const end = endOf(text, word, start);
		if (end === undefined) {
			return false;
		}

		if (end - start <= word.length * mostSpread) {
			return true;
		}
	}

	return false;
}

/** Where the letters of the word end, each as early as it can; undefined when one is missing. */
function endOf(text: string, word: string, start: number): number | undefined {
	let end = start;
	for (const letter of word) {
		const place = text.indexOf(letter, end);
		if (place < 0) {
			return undefined;
		}

		end = place + letter.length;
	}

	return end;
}

/** The row that a key is about. */
export function chosenRow<R extends Pick<Row, 'id'>>(rows: readonly R[], {chosen, place}: ListState): R | undefined {
	return rows.find(({id}) => id === chosen) ?? rows[Math.min(place, rows.length - 1)];
}

/** All rows again. The row that was shown as chosen stays so, whether it was chosen by hand or is what the filter left at its place. */
export function withoutFilter(list: ListState, rows: ReadonlyArray<Pick<Row, 'id'>>): ListState {
	return {...list, chosen: chosenRow(rows, list)?.id ?? list.chosen, filter: emptyField, typing: false};
}

/** With the row chosen that is `by` places further. */
export function moveBy(list: ListState, rows: ReadonlyArray<Pick<Row, 'id'>>, by: number): ListState {
	const current = chosenRow(rows, list);
	if (current === undefined) {
		return list;
	}

	const place = Math.min(rows.length - 1, Math.max(0, rows.indexOf(current) + by));
	return {...list, chosen: rows[place]?.id, place};
}
