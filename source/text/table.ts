const printableAscii = /^[\u0020-\u007E]*$/;

/**
A plain table as docker and kubectl print it: upper-case heads, columns three blanks apart, no lines, nothing cut, so that
it can be piped. Cells must be safe text already.
*/
export async function formatTable(heads: string[], rows: string[][]): Promise<string> {
	const plain = rows.every((row) => row.every((cell) => printableAscii.test(cell)));
	const widthOf = plain ? (text: string) => text.length : (await import('./fit.ts')).widthOf;
	const widths = heads.map((head, column) => Math.max(widthOf(head), ...rows.map((row) => widthOf(row[column] ?? ''))));
	const line = (cells: string[]) =>
		cells
			.map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - widthOf(cell))))
			.join('   ')
			.trimEnd();
	return [heads.map((head) => head.toUpperCase()), ...rows].map(line).join('\n');
}
