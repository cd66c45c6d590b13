import type {TextProps} from 'ink';
import {chooseLook, type Look, type Wishes} from './look/detect.ts';
import {dressed} from './look/output.ts';
import {colourOf, type Role} from './look/palette.ts';

/** Only what `<Text>` takes, to be spread; empty where the user wants no colours. */
export type Style = Pick<TextProps, 'color' | 'bold' | 'dimColor' | 'inverse'>;

/** Colour never carries a meaning alone: each of these goes with a mark, a word or a number. */
export type Theme = {
	/** Whether colours that come with the text itself (in logs) may stay. */
	colours: boolean;
	/** Only ASCII reaches the terminal: keys are written as words there. */
	ascii: boolean;
	accent: Style;
	/** Keys, and what else is to be found at once; bold without colours, too. */
	strong: Style;
	title: Style;
	border: Style;
	focusedBorder: Style;
	/** Of the screen that is shown. */
	tab: Style;
	quiet: Style;
	good: Style;
	warning: Style;
	bad: Style;
	demo: Style;
};

/** Pure. */
export function themeFor({palette, depth, ascii}: Look): Theme {
	const styled = (role: Role, rest: Style = {}): Style => {
		const color = colourOf(palette, role, depth);
		return color === undefined ? {} : {color, ...rest};
	};
	const quiet = styled('quiet');
	return {
		colours: depth > 1,
		ascii,
		accent: styled('accent'),
		strong: {...styled('accent'), bold: true},
		title: {bold: true},
		border: styled('border'),
		focusedBorder: styled('accent', {bold: true}),
		tab: {...styled('accent', {bold: true}), inverse: true},
		// A terminal's own way to make text quiet; how legible it stays there is not known.
		quiet: quiet.color === undefined && (palette === 'terminal' || depth === 1) ? {dimColor: true} : quiet,
		good: styled('good'),
		warning: styled('warning'),
		bad: styled('bad', {bold: true}),
		demo: depth > 1 ? styled('warning', {inverse: true, bold: true}) : {},
	};
}

/** Everything that draws reads it when it draws. */
export const theme: Theme = themeFor(chooseLook({}, process.env, 4));

/**
Chooses the theme.

@returns the stream to draw on, and what chooses another theme: after that everything has to be drawn again
*/
export function dress(
	output: NodeJS.WriteStream,
	wishes: Wishes,
): {stdout: NodeJS.WriteStream; redress: (wishes: Wishes) => void} {
	const choose = (wanted: Wishes) => {
		const chosen = chooseLook(wanted, process.env, output.getColorDepth());
		Object.assign(theme, themeFor(chosen));
		return chosen;
	};
	let look = choose(wishes);
	return {
		stdout: dressed(output, () => look),
		redress(wanted) {
			look = choose(wanted);
		},
	};
}

/** The look of a share (0 to 1) that is fine while there is room left. */
export function fullnessStyle(share: number): Style {
	if (share >= 0.95) {
		return theme.bad;
	}

	return share >= 0.8 ? theme.warning : theme.good;
}

/** Data-centre cards slow themselves down at 83 to 90 °C. */
export function temperatureStyle(celsius: number): Style {
	if (celsius >= 88) {
		return theme.bad;
	}

	return celsius >= 78 ? theme.warning : {};
}
