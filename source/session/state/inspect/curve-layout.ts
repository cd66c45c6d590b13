import type {Style} from '../../theme.ts';

export type Curve = {
	label: string;
	/** The newest, with its unit. */
	value: string;
	style: Style;
	/** What reaches the top; 0 where no limit is known. */
	most: number;
};

/** How the screen of one GPU is divided. */
export type GpuLayout = {
	/** Curves side by side. */
	across: 1 | 2 | 3;
	/** Columns of each curve with its figures. */
	blockWidth: number;
	/** Lines of a curve below its figures; 0 where both have to be in one line. */
	curveHeight: number;
	curveWidth: number;
	/** Lines for what else is known of the card, and for its processes. */
	factLines: number;
	listLines: number;
};

const curves = 6;
/** Between two curves side by side. */
const gap = 2;
/** Columns of the figures where the curve is in the same line. */
export const figuresWidth = 24;
/** That the curves make room for. */
const mostFacts = 8;
const mostList = 4;
const tallest = 14;

/**
@param room lines and columns within the frame
@param wanted lines that there would be something to show in
*/
export function layOutGpu(room: {columns: number; lines: number}, wanted: {facts: number; list: number}): GpuLayout {
	const across = room.columns >= 150 ? 3 : room.columns >= 56 ? 2 : 1;
	const blockWidth = Math.floor((room.columns - gap * (across - 1)) / across);
	const rows = curves / across;
	const least = Math.min(wanted.facts, mostFacts) + Math.min(wanted.list, mostList);
	const perCurve = Math.floor((room.lines - least) / rows);
	const curveHeight = perCurve < 2 ? 0 : Math.min(tallest, perCurve - 1);
	const rest = Math.max(0, room.lines - rows * (curveHeight + 1));
	const factLines = Math.min(wanted.facts, Math.max(rest - Math.min(wanted.list, mostList), Math.min(rest, 4)));
	return {
		across,
		blockWidth,
		curveHeight,
		curveWidth: curveHeight === 0 ? Math.max(0, blockWidth - figuresWidth - 1) : blockWidth,
		factLines,
		listLines: rest - factLines,
	};
}
