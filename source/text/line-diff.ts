/** A line of a comparison: in both texts, only in the first, only in the second. */
export type DiffLine = {mark: ' ' | '-' | '+'; text: string};

/**
Compares two texts line by line: the longest common lines stay. For texts of some hundred lines; the time grows with the product of
their numbers.
*/
export function diffLines(before: string, after: string): DiffLine[] {
	const a = before.split('\n');
	const b = after.split('\n');
	// How many lines the rests from here on have in common.
	const common = Array.from({length: a.length + 1}, () => new Uint32Array(b.length + 1));
	const at = (row: number, column: number) => common[row]?.[column] ?? 0;
	for (let row = a.length - 1; row >= 0; row--) {
		for (let column = b.length - 1; column >= 0; column--) {
			const best =
				a[row] === b[column] ? at(row + 1, column + 1) + 1 : Math.max(at(row + 1, column), at(row, column + 1));
			common[row]?.fill(best, column, column + 1);
		}
	}

	const lines: DiffLine[] = [];
	let row = 0;
	let column = 0;
	while (row < a.length || column < b.length) {
		if (row < a.length && column < b.length && a[row] === b[column]) {
			lines.push({mark: ' ', text: a[row] ?? ''});
			row++;
			column++;
		} else if (column >= b.length || (row < a.length && at(row + 1, column) >= at(row, column + 1))) {
			lines.push({mark: '-', text: a[row] ?? ''});
			row++;
		} else {
			lines.push({mark: '+', text: b[column] ?? ''});
			column++;
		}
	}

	return lines;
}

/** Only the lines that differ, each with `around` lines before and after it; `…` stands for what is left out. */
export function formatDiff(lines: readonly DiffLine[], around = 2): string[] {
	const shown = lines.map((_, index) =>
		lines.slice(Math.max(0, index - around), index + around + 1).some(({mark}) => mark !== ' '),
	);
	return lines.flatMap(({mark, text}, index) =>
		shown[index] ? [`${mark} ${text}`] : index === 0 || shown[index - 1] ? ['…'] : [],
	);
}
