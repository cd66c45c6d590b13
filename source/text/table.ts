import stringWidth from 'string-width';

/**
A plain table as docker and kubectl print it: upper-case heads, columns three blanks apart, no lines, nothing cut, so that
it can be piped. Cells must be safe text already.
*/
export function formatTable(heads: string[], rows: string[][]): string {
	const widths = heads.map((head, column) =>
		Math.max(stringWidth(head), ...rows.map((row) => stringWidth(row[column] ?? ''))),
	);
	const line = (cells: string[]) =>
		cells
			.map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - stringWidth(cell))))
			.join('   ')
			.trimEnd();
	return [heads.map((head) => head.toUpperCase()), ...rows].map(line).join('\n');
}
