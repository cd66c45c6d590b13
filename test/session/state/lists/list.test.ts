import assert from 'node:assert/strict';
import {test} from 'node:test';
import {columnWidths, foldedCells, headLine} from '../../../../source/session/components/list-pane.tsx';
import {
	arrange,
	type Cell,
	type Column,
	chosenRow,
	filterRows,
	type ListState,
	matches,
	moveBy,
	newList,
	nextSort,
	orderOf,
	type Row,
} from '../../../../source/session/state/lists/list.ts';
import {
	isListName,
	type ListAction,
	type ListSituation,
	newLists,
	reduceLists,
} from '../../../../source/session/state/lists/reduce-lists.ts';
import {selectList} from '../../../../source/session/state/machine/select-lists.ts';
import {noFacts} from '../../../../source/session/state/model.ts';
import {firstView} from '../../../../source/session/state/reduce.ts';

const columns: Column[] = [
	{key: 'name', title: 'NAME', most: 20, least: 5, priority: 0, filtered: true},
	{key: 'cpu', title: 'CPU', most: 6, align: 'right', priority: 1, largestFirst: true, moves: true},
	{key: 'image', title: 'IMAGE', most: 40, least: 10, priority: 2, filtered: true},
];

function row(name: string, cpu: number | null, image = 'image:1'): Row {
	const cells: Record<string, Cell> = {
		name: {text: name},
		cpu: {text: cpu === null ? '–' : `${cpu}%`, value: cpu},
		image: {text: image},
	};
	return {id: name, mark: '●', markStyle: {}, dim: false, cells};
}

const rows = [row('web-2', 5), row('web-10', null), row('db', 90, 'postgres:17'), row('llm-train', 12)];
const names = (list: readonly Row[]) => list.map(({id}) => id);
const filtered = (text: string, change: Partial<ListState> = {}): ListState => ({
	...newList,
	filter: {before: text, after: ''},
	...change,
});

test('the filter finds letters that stand near each other, in any column that it looks in', () => {
	for (const [text, found] of [
		['web', ['web-2', 'web-10']],
		['WEB 10', ['web-10']],
		['ltr', ['llm-train']],
		['post', ['db']],
		['db post', ['db']],
		['90', []],
		['xyz', []],
		['  ', names(rows)],
	] as const) {
		assert.deepEqual(names(filterRows(rows, columns, text)), found, text);
	}

	assert.ok(matches('llm-train', 'llmt'));
	assert.ok(!matches('pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime', 'pxe'));
	assert.ok(!matches('a----------b----------c', 'abc'), 'too far from each other');
	assert.ok(!matches('grafana', 'gr.f'), 'no pattern, but letters');
});

test('a column sorts, unknown values last in either direction, and texts by the numbers in them', () => {
	assert.deepEqual(names(arrange(rows, columns, {...newList, sort: 'cpu'})), ['db', 'llm-train', 'web-2', 'web-10']);
	assert.deepEqual(names(arrange(rows, columns, {...newList, sort: 'name'})), ['db', 'llm-train', 'web-2', 'web-10']);
	assert.deepEqual(names(arrange(rows, columns, {...newList, sort: 'gone'})), names(rows));
	assert.equal(nextSort(columns, undefined), 'name');
	assert.equal(nextSort(columns, 'name'), 'cpu');
	assert.equal(nextSort(columns, 'image'), undefined);
});

test('rows sorted by what moves keep their order until they are sorted again', () => {
	const order = orderOf(rows, columns, 'cpu');
	const list: ListState = {...newList, sort: 'cpu', order};
	const later = [row('new', 50), row('web-2', 99), row('db', 1), row('llm-train', 12)];
	assert.deepEqual(names(arrange(later, columns, list)), ['db', 'llm-train', 'web-2', 'new']);
	assert.deepEqual(names(arrange(later, columns, {...list, order: orderOf(later, columns, 'cpu')})), [
		'web-2',
		'new',
		'llm-train',
		'db',
	]);
	assert.equal(orderOf(rows, columns, 'name'), undefined, 'a name does not move');
});

test('the row chosen stays while others come and go; when it is gone, the one at its place is chosen', () => {
	const list = moveBy(moveBy(newList, rows, 1), rows, 1);
	assert.equal(chosenRow(rows, list)?.id, 'db');
	assert.equal(chosenRow([row('a', 1), row('b', 1), ...rows], list)?.id, 'db');
	assert.equal(
		chosenRow(
			rows.filter(({id}) => id !== 'db'),
			list,
		)?.id,
		'llm-train',
	);
	assert.equal(chosenRow([row('a', 1)], list)?.id, 'a');
	assert.equal(chosenRow([], list), undefined);
	assert.equal(moveBy(list, rows, Number.POSITIVE_INFINITY).chosen, 'llm-train');
	assert.equal(moveBy(list, rows, Number.NEGATIVE_INFINITY).chosen, 'web-2');
	assert.deepEqual(moveBy(list, [], 1), list);
});

test('a row hidden by the filter is not chosen', () => {
	const list = filtered('web', {chosen: 'db', place: 2});
	assert.equal(chosenRow(arrange(rows, columns, list), list)?.id, 'web-10');
});

test('columns are left out by priority, and never wider together than there is room', () => {
	const shown = (width: number) => columnWidths(columns, rows, width).map(({column}) => column.key);
	assert.deepEqual(shown(60), ['name', 'cpu', 'image']);
	assert.deepEqual(shown(18), ['name', 'cpu']);
	assert.deepEqual(shown(10), ['name']);
	for (let width = 0; width < 80; width += 1) {
		const widths = columnWidths(columns, rows, width);
		const all = widths.reduce((sum, {columns: room}) => sum + room, 0) + 2 * Math.max(0, widths.length - 1);
		assert.ok(all <= Math.max(width, 0), `${all} in ${width}`);
	}
});

test('when a filter is cleared, the row that was shown as chosen stays so; given up while it is typed, the one before is', () => {
	const shown: ListSituation = {
		rows: arrange(rows, columns, filtered('train')),
		orderBy: () => undefined,
		nextSort: () => undefined,
		leadsTo: () => undefined,
	};
	const lists = {...newLists, containers: filtered('train', {chosen: 'web-2', typing: true})};
	const after = (...actions: ListAction[]) => {
		let now = {screen: 'containers', lists};
		for (const action of actions) {
			now = {...now, lists: reduceLists(now, action, () => shown).lists ?? now.lists};
		}

		return now.lists.containers;
	};
	const left = after({type: 'filter', does: 'accept'}, {type: 'leave-list'});
	assert.equal(chosenRow(rows, left)?.id, 'llm-train');
	assert.deepEqual(left.filter, newList.filter);
	assert.equal(chosenRow(rows, after({type: 'filter', does: 'clear'}))?.id, 'web-2');
});

test('what a row is called is copied, also where more stands beside it', () => {
	const copied = (name: Cell) =>
		reduceLists({screen: 'people', lists: newLists}, {type: 'copy-row'}, () => ({
			rows: [{...row('x', 1), cells: {name}}],
			orderBy: () => undefined,
			nextSort: () => undefined,
			leadsTo: () => undefined,
		})).copied;
	assert.equal(copied({text: 'dora (you)', value: 'dora'}), 'dora');
	assert.equal(copied({text: 'gpubox up'}), 'gpubox up');
});

test('no head is cut: each column has room for its own, or is left out', () => {
	const facts = noFacts({demo: false, engineAddress: '', person: 'alice', folder: '~'});
	const names = Object.keys(newLists).filter(isListName);
	assert.ok(names.length > 5);
	for (const name of names) {
		for (const {title, most, least = most} of selectList(name, facts, firstView, new Date(0)).columns) {
			assert.ok(Math.min(most, least) >= title.length, `${name} ${title}`);
		}
	}
});

test('the arrow of a sorted column has a place where its head fills the column', () => {
	const narrow: Column[] = [
		{key: 'cpu', title: 'LONG', most: 4, align: 'right', priority: 0, largestFirst: true},
		{key: 'name', title: 'NAME', most: 20, priority: 1},
	];
	const line = (sort: string | undefined) => headLine(columnWidths(narrow, rows, 60), sort);
	assert.match(line(undefined), /^LONG {2}NAME/);
	assert.match(line('cpu'), /^LONG↓ NAME/);
});

test('what has no column, or is cut in it, is told below the list: of each row the same', () => {
	const heads = (inner: number, of: Row) => foldedCells(columns, rows, of, inner).map(([head]) => head);
	const [first, , third] = rows as [Row, Row, Row];
	assert.deepEqual(heads(80, first), []);
	assert.deepEqual(heads(23, first), ['IMAGE']);
	assert.deepEqual(heads(23, third), ['IMAGE']);
	assert.deepEqual(foldedCells(columns, rows, third, 23), [['IMAGE', 'postgres:17']]);
	// The title has no room for all names.
	assert.deepEqual(heads(10, first), ['NAME', 'CPU', 'IMAGE']);
});
