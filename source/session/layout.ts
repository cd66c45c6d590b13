/** Below this, panes would have no room to say anything. */
export const smallest = {columns: 40, rows: 10};

export type Layout = {
	tooSmall: boolean;
	/** Lines of the tabs: none on a low terminal. */
	tabsHeight: 0 | 1;
	/** Whole height of the GPU pane, borders included. */
	gpuHeight: number;
	/** GPUs side by side. */
	gpuColumns: 1 | 2;
	/** Lines that one GPU takes: one row of figures, two with what runs on it, four with a curve, five with air below. */
	gpuLines: number;
	/** Lines of the message and of the running task. */
	messageHeight: number;
	lowerHeight: number;
	boxesWidth: number;
	/** 0 where there is no room beside the boxes. */
	sideWidth: number;
};

const borders = 2;
const titleAndFooter = 2;
const mostLines = 5;
/** Rows of a terminal in which the tabs take no line that something else needs more. */
const rowsForTabs = 20;

/**
Shares the terminal out. GPUs take no more than about half of the height as long as that gives each its line; what is
left over they use for more lines and, on a wide terminal, for a second column.
*/
export function layOut(
	size: {columns: number; rows: number},
	wanted: {gpus: number; gpuProblemLines: number; messageLines: number},
): Layout {
	const {columns, rows} = size;
	const tooSmall = columns < smallest.columns || rows < smallest.rows;
	const messageHeight = rows >= 20 ? Math.max(1, wanted.messageLines) : 1;
	const tabsHeight = rows >= rowsForTabs ? 1 : 0;
	const free = Math.max(6, rows - titleAndFooter - tabsHeight - messageHeight);
	// A long message and the tabs take their lines from the boxes and the log, which scroll, so that no GPU goes out of sight.
	const extra = Math.max(0, messageHeight - 2);
	const gpus = Math.max(1, wanted.gpus);
	const half = Math.floor((free + extra) * 0.5) - borders;

	let gpuColumns: 1 | 2 = 1;
	let gpuLines = linesWithin(half, gpus);
	if (columns >= 140 && gpus > 1) {
		const beside = linesWithin(half, Math.ceil(gpus / 2));
		if (beside > gpuLines && (beside >= 4 || gpuLines === 1)) {
			gpuColumns = 2;
			gpuLines = beside;
		}
	}

	const usual = Math.min(7, Math.floor((free + extra) / 2));
	const lowerLeast = Math.min(usual, Math.max(4, usual - extra - tabsHeight));
	const gpuContent =
		wanted.gpus === 0
			? Math.max(3, wanted.gpuProblemLines + 1)
			: Math.ceil(gpus / gpuColumns) * gpuLines - (gpuLines === 5 ? 1 : 0);
	const gpuHeight = Math.min(gpuContent + borders, free - lowerLeast);
	const sideWidth = columns < 64 ? 0 : columns - boxesWidthFor(columns);
	return {
		tooSmall,
		tabsHeight,
		gpuHeight,
		gpuColumns,
		gpuLines,
		messageHeight,
		lowerHeight: free - gpuHeight,
		boxesWidth: columns - sideWidth,
		sideWidth,
	};
}

/** One pane with all the room that the others would have. */
export function zoomLayout(
	layout: Layout,
	{columns, height, gpus}: {columns: number; height: number; gpus: number},
): Layout {
	const gpuColumns = columns >= 140 && gpus > 1 ? 2 : 1;
	return {
		...layout,
		gpuHeight: height,
		gpuColumns,
		gpuLines: linesWithin(height - borders, Math.max(1, Math.ceil(gpus / gpuColumns))),
		lowerHeight: height,
		boxesWidth: columns,
		sideWidth: 0,
	};
}

function boxesWidthFor(columns: number): number {
	return Math.min(72, Math.max(30, Math.floor(columns * 0.44)));
}

function linesWithin(height: number, gpuRows: number): number {
	const lines = Math.min(mostLines, Math.floor(height / gpuRows));
	// Three are too few for figures beside a curve.
	return lines === 3 ? 2 : Math.max(1, lines);
}
