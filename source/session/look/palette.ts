/**
The colours of the themes, each by its number in xterm's table of 256: a terminal with that table gets the number, one with truecolor the same
colour as RGB. Chosen so that each has a contrast of at least 4.5:1 with the usual backgrounds (WCAG 2.2, 1.4.3), and that the colours of states
differ also for people who cannot tell red from green, or blue from yellow.
*/

export const themeNames = ['auto', 'terminal', 'dark', 'light', 'high-contrast'] as const;

/** What one chooses. */
export type ThemeName = (typeof themeNames)[number];

/** What has a colour of its own. */
export type Role = 'accent' | 'quiet' | 'border' | 'good' | 'warning' | 'bad';

/** `terminal` has no colours of its own: it takes the ones that the terminal is set to. */
export type PaletteName = Exclude<ThemeName, 'auto'>;

/** Bits per colour, as Node counts them: 1 is none. */
export type Depth = 1 | 4 | 8 | 24;

type Numbers = Record<Role, number> & {text?: number; background?: number};

const numbers: Record<Exclude<PaletteName, 'terminal'>, Numbers> = {
	dark: {accent: 111, quiet: 248, border: 247, good: 79, warning: 220, bad: 209},
	light: {accent: 19, quiet: 240, border: 240, good: 23, warning: 94, bad: 88},
	'high-contrast': {accent: 159, quiet: 252, border: 255, good: 86, warning: 226, bad: 209, text: 231, background: 16},
};

/** With 16 colours, only those that are legible in the usual tables of terminals; where none is, the terminal's own. */
const names: Record<PaletteName, Partial<Record<Role, string>>> = {
	terminal: {accent: 'cyan', border: 'gray', good: 'green', warning: 'yellow', bad: 'red'},
	dark: {
		accent: 'cyanBright',
		border: 'white',
		good: 'greenBright',
		warning: 'yellowBright',
		bad: 'redBright',
	},
	light: {accent: 'blue', warning: 'magenta', bad: 'red'},
	'high-contrast': {
		accent: 'cyanBright',
		quiet: 'white',
		border: 'whiteBright',
		good: 'greenBright',
		warning: 'yellowBright',
		bad: 'redBright',
	},
};

/** A colour in Ink's words; undefined is the terminal's own. */
export function colourOf(palette: PaletteName, role: Role, depth: Depth): string | undefined {
	if (depth === 1) {
		return undefined;
	}

	if (depth === 4 || palette === 'terminal') {
		return names[palette][role];
	}

	const number = numbers[palette][role];
	return depth === 8 ? `ansi256(${number})` : hexOf(number);
}

/** The parameters of SGR for text and background, in a theme that paints the whole screen. */
export function colourCodes({palette, depth}: {palette: PaletteName; depth: Depth}): {
	text?: string;
	background?: string;
} {
	const {text, background}: Partial<Numbers> = palette === 'terminal' || depth === 1 ? {} : numbers[palette];
	if (text === undefined || background === undefined) {
		return {};
	}

	// White on black is in every table.
	return depth === 4 ? {text: '97', background: '40'} : {text: `38;5;${text}`, background: `48;5;${background}`};
}

/** A colour of the table, from its cube (16 to 231) or its greys (232 to 255), as `#rrggbb`. */
export function hexOf(number: number): string {
	const levels = [0, 95, 135, 175, 215, 255];
	const place = number - 16;
	const parts =
		number >= 232
			? Array.from({length: 3}, () => 8 + (number - 232) * 10)
			: [Math.floor(place / 36), Math.floor(place / 6) % 6, place % 6].map((level) => levels[level] ?? 0);
	return `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}
