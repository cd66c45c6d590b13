export type ColumnFacts = {
	/** As wide as its widest cell. */
	natural: number;
	/** Its title. */
	least: number;
	/** The one with the lowest is left out first; those without a limit go from the right. */
	rank: number;
};

/** A cell that is cut to less says nothing. */
const leastTelling = 10;

/**
The widths of a table's columns on a screen of `total` columns. The widest are narrowed first, down to what still tells something; then columns
are left out until the rest fits. The first column, which names the row, stays, and is narrowed only when it is alone. Pure.

@param room undefined where any width will do
@returns the columns shown, in their order, and the width of each
*/
export function fitWidths(
	columns: readonly ColumnFacts[],
	room: {total: number; gap: number} | undefined,
): {shown: number[]; widths: Map<number, number>} {
	let shown = columns.map((_, index) => index);
	for (;;) {
		const facts = shown.map((index) => columns[index] as ColumnFacts);
		const free = room === undefined ? Number.POSITIVE_INFINITY : room.total - room.gap * (shown.length - 1);
		const widths = narrow(facts, free) ?? (shown.length === 1 ? [Math.max(1, free)] : undefined);
		if (widths) {
			return {shown, widths: new Map(shown.map((index, place) => [index, widths[place] ?? 0]))};
		}

		const last = leastImportant(columns, shown);
		shown = shown.filter((index) => index !== last);
	}
}

function leastImportant(columns: readonly ColumnFacts[], shown: readonly number[]): number | undefined {
	return shown
		.slice(1)
		.toSorted((a, b) => compare(columns[a]?.rank, columns[b]?.rank) || b - a)
		.at(0);
}

function compare(a = 0, b = 0): number {
	return a === b ? 0 : a - b;
}

/** Undefined when they do not fit however narrow. */
function narrow(columns: readonly ColumnFacts[], free: number): number[] | undefined {
	const widths = columns.map(({natural}) => natural);
	const floors = columns.map(({natural, least}, index) =>
		index === 0 ? natural : Math.min(natural, Math.max(least, leastTelling)),
	);
	const sum = () => widths.reduce((total, width) => total + width, 0);
	if (floors.reduce((total, floor) => total + floor, 0) > free) {
		return undefined;
	}

	while (sum() > free) {
		const room = widths.map((width, index) => (width > (floors[index] ?? 0) ? width : 0));
		const widest = Math.max(...room);
		const index = room.lastIndexOf(widest);
		// Down to the next widest at once; of several that are equally wide, each by one.
		const next = Math.max(floors[index] ?? 0, ...room.filter((_, other) => other !== index));
		widths[index] = Math.min(widest - 1, Math.max(next, widest - (sum() - free)));
	}

	return widths;
}
