import {shorten} from './safe.ts';

const printableAscii = /^[\u0020-\u007E]*$/;

/** Columns of a cell at most: as wide as any real image's name. A terminal that is narrower is what counts there. */
const widestCell = 100;
/** The last cell of a row widens no other, and is often a sentence. */
const widestLast = 500;

/**
A plain table as docker and kubectl print it: upper-case heads, columns three blanks apart, no lines. Cells must be safe text
already. One that is wider than 100 columns, or than the terminal, is cut and ends in `…`: a single long label would else widen every
row. The whole value is in `--json`.
*/
export async function formatTable(
	heads: string[],
	rows: string[][],
	widest = Math.min(widestCell, process.stdout.columns || widestCell),
): Promise<string> {
	const limits = heads.map((_, column) => (column === heads.length - 1 ? Math.max(widest, widestLast) : widest));
	// What is wide may be so in few columns: longer than this is not looked at.
	const short = rows.map((row) => row.map((cell, column) => shorten(cell, (limits[column] ?? widest) * 8)));
	const plain = short.every((row) =>
		row.every((cell, column) => cell.length <= (limits[column] ?? widest) && printableAscii.test(cell)),
	);
	const {cut, widthOf} = plain ? asIs : await import('./fit.ts');
	const cells = short.map((row) => row.map((cell, column) => cut(cell, limits[column] ?? widest)));
	const widths = heads.map((head, column) =>
		cells.reduce((width, row) => Math.max(width, widthOf(row[column] ?? '')), widthOf(head)),
	);
	const line = (row: string[]) =>
		row
			.map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - widthOf(cell))))
			.join('   ')
			.trimEnd();
	return [heads.map((head) => head.toUpperCase()), ...cells].map(line).join('\n');
}

const asIs = {cut: (text: string) => text, widthOf: (text: string) => text.length};
