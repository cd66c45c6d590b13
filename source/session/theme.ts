import type {TextProps} from 'ink';

/** Only what `<Text>` takes, to be spread; empty where the user wants no colours. */
export type Style = Pick<TextProps, 'color' | 'bold' | 'dimColor' | 'inverse'>;

/** Colour never carries a meaning alone: each of these goes with a mark, a word or a number. */
export type Theme = {
	/** Whether colours that come with the text itself (in logs) may stay. */
	colours: boolean;
	accent: Style;
	title: Style;
	border: Style;
	focusedBorder: Style;
	quiet: Style;
	good: Style;
	warning: Style;
	bad: Style;
	demo: Style;
};

/** https://no-color.org: any value but the empty one turns colours off. */
function themeFor(environment: NodeJS.ProcessEnv): Theme {
	const colours = (environment.NO_COLOR ?? '') === '';
	const coloured = (color: string, rest: Style = {}): Style => (colours ? {color, ...rest} : rest);
	return {
		colours,
		accent: coloured('cyan'),
		title: {bold: true},
		border: colours ? {color: 'gray'} : {},
		focusedBorder: coloured('cyan', {bold: true}),
		quiet: {dimColor: true},
		good: coloured('green'),
		warning: coloured('yellow'),
		bad: coloured('red', {bold: true}),
		demo: coloured('yellow', {inverse: true, bold: true}),
	};
}

export const theme = themeFor(process.env);

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
