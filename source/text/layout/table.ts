import {shorten} from '../safe.ts';
import {fitWidths} from './fit-widths.ts';

const printableAscii = /^[\u0020-\u007E]*$/;

/** Columns of a cell at most: as wide as any real image's name. */
const widestCell = 100;
/** The last cell of a row widens no other, and is often a sentence. */
const widestLast = 500;
const gap = '   ';

export type TableOptions = {
	/** Columns that the whole table has; undefined where no one looks at it on a screen. */
	columns?: number | undefined;
	/** Every cell whole, however wide. */
	wide?: boolean | undefined;
	/** Titles of columns that a narrow terminal does without, the least important one first. */
	optional?: readonly string[] | undefined;
};

export type Table = {
	text: string;
	/** A cell is not whole. */
	cut: boolean;
	/** Titles of columns that did not fit. */
	omitted: string[];
};

/**
A plain table as docker and kubectl print it: upper-case heads, columns three blanks apart, no lines. Cells must be safe text already. It
is as wide as `columns` at most: the widest cells are cut and end in `…`, and when that is not enough columns are left out. Without
`columns` a cell is cut at 100, since a single long label would else widen every row.
*/
export async function layOutTable(heads: string[], rows: string[][], options: TableOptions = {}): Promise<Table> {
	const {wide = false} = options;
	const columns = wide ? undefined : options.columns;
	const limits = heads.map((_, column) => {
		const widest = column === heads.length - 1 ? widestLast : widestCell;
		return wide ? Number.POSITIVE_INFINITY : Math.min(widest, columns ?? widest);
	});
	const limitOf = (column: number) => limits[column] ?? widestCell;
	// What is wide may be so in few columns: longer than this is not looked at.
	const short = wide ? rows : rows.map((row) => row.map((cell, column) => shorten(cell, limitOf(column) * 8)));
	const plain = short.every((row) => row.every((cell) => printableAscii.test(cell)));
	const {widthOf} = plain ? asIs : await import('./fit.ts');
	const natural = heads.map((head, column) =>
		short.reduce((width, row) => Math.max(width, Math.min(limitOf(column), widthOf(row[column] ?? ''))), widthOf(head)),
	);
	const {widths, shown} = fitWidths(
		heads.map((head, column) => ({natural: natural[column] ?? 0, least: widthOf(head), rank: rankOf(head, options)})),
		columns === undefined ? undefined : {total: columns, gap: gap.length},
	);
	const cut = shown.some((column) => rows.some((row) => widthOf(row[column] ?? '') > (widths.get(column) ?? 0)));
	const {cut: cutTo} = cut || !plain ? await import('./fit.ts') : asIs;
	const line = (row: string[]) =>
		shown
			.map((column) => {
				const cell = cutTo(row[column] ?? '', widths.get(column) ?? 0);
				return cell + ' '.repeat(Math.max(0, (widths.get(column) ?? 0) - widthOf(cell)));
			})
			.join(gap)
			.trimEnd();
	return {
		text: [heads.map((head) => head.toUpperCase()), ...short].map(line).join('\n'),
		cut,
		omitted: heads.filter((_, column) => !shown.includes(column)),
	};
}

/** The same without a terminal. */
export async function formatTable(heads: string[], rows: string[][], options: TableOptions = {}): Promise<string> {
	return (await layOutTable(heads, rows, options)).text;
}

/** The columns that go first have the lowest rank. */
function rankOf(head: string, {optional = []}: TableOptions): number {
	const place = optional.indexOf(head);
	return place < 0 ? Number.POSITIVE_INFINITY : place;
}

const asIs = {cut: (text: string) => text, widthOf: (text: string) => text.length};
