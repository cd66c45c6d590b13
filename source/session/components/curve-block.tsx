import {Box, Text} from 'ink';
import {fit, widthOf} from '../../text/layout/fit.ts';
import {type Curve, figuresWidth} from '../state/inspect/curve-layout.ts';
import {theme} from '../theme.ts';
import {brailleCurve} from './braille.ts';

type Properties = {
	curve: Curve;
	/** Two for each column, the oldest first. */
	values: ReadonlyArray<number | null>;
	/** Where a moment is marked, 0 to 1. */
	cursor?: number | undefined;
	width: number;
	/** Lines below the figures; 0 where both are in one line. */
	height: number;
};

/** The figures above the curve, or before it where there is one line for both. */
export function CurveBlock({curve, values, cursor, width, height}: Properties) {
	const curveWidth = values.length / 2;
	// Without a limit that is known, the highest value of the time that is shown reaches the top.
	const highest = values.reduce<number>((most, value) => Math.max(most, value ?? 0), 0);
	const most = curve.most > 0 ? curve.most : Math.max(1, highest);
	const lines = brailleCurve(values, {most, width: curveWidth, height: Math.max(1, height)});
	const place = cursor === undefined ? undefined : Math.min(curveWidth - 1, Math.floor(cursor * curveWidth));
	const valueWidth = widthOf(curve.value);
	if (height === 0) {
		const label = fit(curve.label, Math.max(0, figuresWidth - valueWidth - 1));
		return (
			<Text wrap="truncate">
				<Text {...theme.quiet}>{label} </Text>
				<Text bold>{curve.value}</Text> <Line line={lines[0] ?? ''} place={place} curve={curve} />
			</Text>
		);
	}

	return (
		<Box flexDirection="column" width={width}>
			<Text wrap="truncate">
				<Text {...theme.quiet}>{fit(curve.label, Math.max(0, width - valueWidth - 1))} </Text>
				<Text bold>{curve.value}</Text>
			</Text>
			{lines.map((line, row) => (
				// biome-ignore lint/suspicious/noArrayIndexKey: a row of the curve is nothing but its place
				<Line key={row} line={line} place={place} curve={curve} />
			))}
		</Box>
	);
}

/** A line of a curve; the moment that is looked at is marked across it. */
function Line({line, place, curve}: {line: string; place: number | undefined; curve: Curve}) {
	if (place === undefined) {
		return (
			<Text wrap="truncate" {...curve.style}>
				{line}
			</Text>
		);
	}

	const at = line[place] ?? ' ';
	return (
		<Text wrap="truncate" {...curve.style}>
			{line.slice(0, place)}
			<Text bold inverse={at !== ' '}>
				{at === ' ' ? '│' : at}
			</Text>
			{line.slice(place + 1)}
		</Text>
	);
}
