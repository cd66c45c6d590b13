/** A place in a log: a row of a line, as a wrapped line has several. */
export type LogPlace = {line: number; row: number};

/** Where a log pane stands: at the end and moving with it, or with a certain row at its top. */
export type LogPosition = 'follow' | LogPlace;

/** The lines of a log as a pane shows them. */
export type ShownLines = {
	first: number;
	/** Number after the last line. */
	end: number;
	/** How many rows a line takes. */
	rowsOf(line: number): number;
};

/** The place `rows` rows above another, or the first one. */
export function placeAbove(lines: ShownLines, place: LogPlace, rows: number): LogPlace {
	let {line, row} = place;
	let left = rows;
	while (left > row && line > lines.first) {
		left -= row + 1;
		line -= 1;
		row = lines.rowsOf(line) - 1;
	}

	return {line, row: Math.max(0, row - left)};
}

function placeBelow(lines: ShownLines, place: LogPlace, rows: number): LogPlace {
	let {line, row} = place;
	let left = rows;
	while (line < lines.end) {
		const rest = lines.rowsOf(line) - row - 1;
		if (left <= rest) {
			return {line, row: row + left};
		}

		left -= rest + 1;
		line += 1;
		row = 0;
	}

	return {line, row};
}

/** The top row when the last row is at the bottom. */
function lastTop(lines: ShownLines, height: number): LogPlace {
	return placeAbove(lines, {line: lines.end, row: 0}, height);
}

function isBefore(a: LogPlace, b: LogPlace): boolean {
	return a.line < b.line || (a.line === b.line && a.row < b.row);
}

/** The row at the top of a pane of `height` rows. */
export function topOf(lines: ShownLines, position: LogPosition, height: number): LogPlace {
	const last = lastTop(lines, height);
	if (position === 'follow' || !isBefore(position, last)) {
		return last;
	}

	return position.line < lines.first ? {line: lines.first, row: 0} : position;
}

/** Moves by rows; reaching the end follows again. */
export function scroll(lines: ShownLines, position: LogPosition, by: number, height: number): LogPosition {
	const top = topOf(lines, position, height);
	const target =
		by === Number.NEGATIVE_INFINITY
			? {line: lines.first, row: 0}
			: by < 0
				? placeAbove(lines, top, -by)
				: placeBelow(lines, top, by);
	return isBefore(target, lastTop(lines, height)) ? target : 'follow';
}
