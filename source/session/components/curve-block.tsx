import {Box} from 'ink';
import {fit, widthOf} from '../../text/layout/fit.ts';
import {paint} from '../look/paint.ts';
import {type Curve, figuresWidth} from '../state/inspect/curve-layout.ts';
import {type Style, theme} from '../theme.ts';
import {brailleCurve} from './braille.ts';
import {Line} from './line.tsx';

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
	const drawn = lines.map((line) => curveText(line, place, curve.style));
	if (height === 0) {
		const label = fit(curve.label, Math.max(0, figuresWidth - valueWidth - 1));
		return <Line text={`${figuresText(label, curve.value)} ${drawn[0] ?? ''}`} />;
	}

	return (
		<Box flexDirection="column" width={width}>
			<Line text={figuresText(fit(curve.label, Math.max(0, width - valueWidth - 1)), curve.value)} />
			{drawn.map((text, row) => (
				// biome-ignore lint/suspicious/noArrayIndexKey: a row of the curve is nothing but its place
				<Line key={row} text={text} />
			))}
		</Box>
	);
}

function figuresText(label: string, value: string): string {
	return `${paint(`${label} `, theme.quiet)}${paint(value, theme.title)}`;
}

/** A line of a curve; the moment that is looked at is marked across it. */
function curveText(line: string, place: number | undefined, style: Style): string {
	if (place === undefined) {
		return paint(line, style);
	}

	const at = line[place] ?? ' ';
	const mark = paint(at === ' ' ? '│' : at, {...style, bold: true, ...(at === ' ' ? {} : {inverse: true})});
	return `${paint(line.slice(0, place), style)}${mark}${paint(line.slice(place + 1), style)}`;
}
