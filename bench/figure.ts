import {median, quartiles} from './measure.ts';

/** One measured figure, with what it is held against. */
export type Figure = {
	/** What was measured: `gpubox ls, 20 boxes`. */
	name: string;
	/** What it is held against, measured in turns with it: `bare Node script`. Without one the figure itself is compared with the limit. */
	reference?: string;
	unit: 'ms' | 's' | '%' | 'MiB' | 'lines/s' | 'keys/s';
	/** Of all the values, in the unit. */
	median: number;
	/** That of the reference, in the unit. */
	referenceMedian?: number;
	/** Median of the ratios of the pairs. */
	ratio?: number;
	/** First and third quartile: of the ratios, or without a reference of the values. */
	quartiles: [number, number];
	/** How many pairs, or values. */
	count: number;
	/** The largest ratio (or value) that is wanted. */
	limit?: number;
	/** The smallest one that is wanted, where more is better. */
	atLeast?: number;
	/** What a reader has to know: under which circumstances, or why it was left out. */
	note?: string;
};

type Described = Pick<Figure, 'name' | 'unit' | 'limit' | 'atLeast' | 'note'>;

/** @param pairs values of gpubox and of the reference, measured one after the other */
export function ratioFigure(
	described: Described & {reference: string},
	pairs: ReadonlyArray<{ours: number; reference: number}>,
): Figure {
	const ratios = pairs.map(({ours, reference}) => ours / reference);
	return {
		...described,
		median: median(pairs.map(({ours}) => ours)),
		referenceMedian: median(pairs.map(({reference}) => reference)),
		ratio: median(ratios),
		quartiles: quartiles(ratios),
		count: pairs.length,
	};
}

/** A figure that is no ratio: MiB, or a share of a processor. */
export function plainFigure(described: Described, values: readonly number[]): Figure {
	return {...described, median: median(values), quartiles: quartiles(values), count: values.length};
}

/** Whether its median is within the limits; undefined without a limit, or where nothing was measured. */
export function holds({ratio, median: value, limit, atLeast, count}: Figure): boolean | undefined {
	if (count === 0 || (limit === undefined && atLeast === undefined)) {
		return undefined;
	}

	const compared = ratio ?? value;
	return compared <= (limit ?? Number.POSITIVE_INFINITY) && compared >= (atLeast ?? Number.NEGATIVE_INFINITY);
}
