import {Box, Text} from 'ink';
import {useEffect} from 'react';
import type {Diagnostic} from '../../base/failure.ts';
import {breakLines, cut, fit, widthOf} from '../../text/layout/fit.ts';
import {paint} from '../look/paint.ts';
import {type Column, isFiltered, type Row} from '../state/lists/list.ts';
import {type Field, textOf} from '../state/setup/field.ts';
import {type Style, theme} from '../theme.ts';
import {FieldLine} from './field-line.tsx';
import {Line} from './line.tsx';
import {TitledPane} from './titled-pane.tsx';

type Properties = {
	title: string;
	note: string;
	columns: readonly Column[];
	/** All of them; those from `from` up to `to` are drawn. */
	rows: readonly Row[];
	from: number;
	to: number;
	chosen: Row | undefined;
	/** Ids of rows that are marked. */
	marked?: ReadonlySet<string>;
	/** A column's key. */
	sort: string | undefined;
	filter: Field;
	typing: boolean;
	problem: Diagnostic | undefined;
	/** Said where there is no row. */
	empty: string;
	width: number;
	height: number;
	/** Called with the keys of the columns that fit. */
	onColumns: (keys: readonly string[]) => void;
};

/** Lines that a list needs beside its rows: the frame, the heads, the filter, a problem. */
export function linesBesideRows({filter, typing, problem}: Pick<Properties, 'filter' | 'typing' | 'problem'>): number {
	return 3 + (isFiltered({filter, typing}) ? 1 : 0) + (problem === undefined ? 0 : problem.fix === '' ? 1 : 2);
}

/** Any list: heads, and as many columns as fit. */
export function ListPane(properties: Properties) {
	const {title, note, columns, rows, from, to, chosen, sort, filter, typing, problem, empty, width, height} =
		properties;
	const inner = width - 2;
	const widths = columnWidths(columns, rows, inner - besideColumns);
	const keys = widths.map(({column}) => column.key).join(' ');
	const {onColumns} = properties;
	useEffect(() => {
		onColumns(keys.split(' '));
	}, [keys, onColumns]);
	const place = to - from < rows.length ? `${from + 1}–${to} of ${rows.length}` : '';
	return (
		<TitledPane
			title={title}
			note={[
				{text: note, rank: 1},
				{text: place, rank: 0},
			]}
			width={width}
			height={height}
			focused
		>
			{isFiltered({filter, typing}) && <Filter filter={filter} typing={typing} found={rows.length} width={inner} />}
			{problem !== undefined && <Problem problem={problem} width={inner} />}
			{rows.length === 0 ? (
				breakLines(empty, inner - 2).map((line) => <Text key={line} {...theme.quiet}>{` ${line}`}</Text>)
			) : (
				<Text wrap="truncate" {...theme.quiet} bold>
					{`   ${headLine(widths, sort)}`}
				</Text>
			)}
			{rows.slice(from, to).map((row) => (
				<ListRow
					key={row.id}
					row={row}
					widths={widths}
					width={inner}
					selected={row === chosen}
					marked={properties.marked?.has(row.id) ?? false}
				/>
			))}
		</TitledPane>
	);
}

/** What the rows are filtered by, in a line above them. */
export function Filter({filter, typing, found, width}: {filter: Field; typing: boolean; found: number; width: number}) {
	const count = ` ${found} found `;
	const room = Math.max(1, width - 3 - widthOf(count));
	return (
		<Text wrap="truncate">
			<Text {...theme.accent}> / </Text>
			{typing ? <FieldLine field={filter} width={room} /> : fit(textOf(filter), room)}
			<Text {...theme.quiet}>{count}</Text>
		</Text>
	);
}

function Problem({problem, width}: {problem: Diagnostic; width: number}) {
	return (
		<Box flexDirection="column" width={width} flexShrink={0}>
			<Text wrap="truncate">
				<Text {...theme.warning}> ! </Text>
				{cut(problem.message, width - 4)}
			</Text>
			{problem.fix !== '' && <Text {...theme.accent}>{`   → ${cut(problem.fix, width - 6)}`}</Text>}
		</Box>
	);
}

const plain: Style = {};

type ShownColumn = {column: Column; columns: number};

function ListRow({
	row,
	widths: all,
	width,
	selected,
	marked,
}: {
	row: Row;
	widths: readonly ShownColumn[];
	width: number;
	selected: boolean;
	marked: boolean;
}) {
	const {instead} = row;
	const widths = instead === undefined ? all : all.slice(0, 1);
	const rest = width - 5 - (widths[0]?.columns ?? 0);
	const cells = widths.map(({column, columns}, place) => {
		const cell = row.cells[column.key];
		const style = (row.dim && !selected ? theme.quiet : cell?.style) ?? plain;
		const text = `${place === 0 ? ' ' : '  '}${fit(cell?.text ?? '', columns, alignOf(column))}`;
		return paint(text, selected && place === 0 ? {...style, bold: true} : style);
	});
	return (
		<Line
			text={[
				paint(`${selected ? '▸' : ' '}${marked ? '+' : ''}`, theme.accent),
				marked ? '' : paint(row.mark, row.markStyle),
				...cells,
				instead === undefined
					? ''
					: paint(`  ${cut(instead, Math.max(0, rest))}`, row.dim && !selected ? theme.quiet : plain),
			].join('')}
		/>
	);
}

function alignOf({align}: Column): 'left' | 'right' {
	return align ?? 'left';
}

/** The heads of all columns. An arrow that has no room beside its head stands in the gap behind it. */
export function headLine(widths: readonly ShownColumn[], sort: string | undefined): string {
	return widths
		.map(({column, columns: room}, place) => {
			const head = headOf(column, sort);
			const isLast = place === widths.length - 1;
			const text = widthOf(head) === room + 1 && !isLast ? head : fit(head, room, alignOf(column));
			return isLast ? text : text + ' '.repeat(room + gap - widthOf(text));
		})
		.join('');
}

/** Columns between two columns. */
const gap = 2;

/** Sorted downwards or upwards: the arrow points to where it grows less, or more. */
function headOf({key, title, largestFirst}: Column, sort: string | undefined): string {
	return key === sort ? `${title}${largestFirst ? '↓' : '↑'}` : title;
}

/**
The cells of a row in columns that have no place within this width, or in which some row is cut, with their heads: the same ones for each
row, so that nothing moves while one walks through them. The name is in the title above them as long as that has room for all of them.
*/
export function foldedCells(
	columns: readonly Column[],
	rows: readonly Row[],
	{cells}: Row,
	inner: number,
): Array<[head: string, text: string]> {
	const widths = columnWidths(columns, rows, inner - besideColumns);
	const roomOf = (key: string) =>
		key === 'name' ? inner - besideTitle : (widths.find(({column}) => column.key === key)?.columns ?? 0);
	return columns
		.filter(({key}) => rows.some((row) => widthOf(row.cells[key]?.text ?? '') > roomOf(key)))
		.map(({key, title}) => [title, cells[key]?.text ?? '']);
}

/** Marks before the columns. */
const besideColumns = 3;
/** Spaces around a title, and the edge. */
const besideTitle = 3;

/** The columns that fit, in their order, each as wide as its widest cell where there is room. The most important get theirs first. */
export function columnWidths(columns: readonly Column[], rows: readonly Row[], width: number): ShownColumn[] {
	let left = width;
	const got = new Map<string, number>();
	for (const column of columns.toSorted((a, b) => a.priority - b.priority)) {
		const {key, most, least} = column;
		const widest = rows.reduce((longest, {cells}) => Math.max(longest, widthOf(cut(cells[key]?.text ?? '', most))), 0);
		// A column in which nothing stands tells nothing.
		const wanted = widest === 0 ? 0 : Math.min(most, Math.max(widest, widthOf(column.title) + 1));
		const beside = got.size === 0 ? 0 : 2;
		const room = Math.min(wanted, left - beside);
		if (wanted > 0 && room >= Math.min(wanted, least ?? wanted)) {
			got.set(key, room);
			left -= room + beside;
		}
	}

	return columns.flatMap((column) => {
		const room = got.get(column.key);
		return room === undefined ? [] : [{column, columns: room}];
	});
}
