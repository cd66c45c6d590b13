/** What the terminal can show, from the environment alone: a terminal that is asked may not answer, or answer into the next program's input. */
import type {Depth, PaletteName, ThemeName} from './palette.ts';

export type Wishes = {
	theme?: ThemeName | undefined;
	glyphs?: 'auto' | 'unicode' | 'ascii' | undefined;
	mouse?: 'on' | 'off' | undefined;
};

export type Look = {palette: PaletteName; depth: Depth; ascii: boolean};

/**
@param colourDepth bits, of `getColorDepth` of the terminal's stream
*/
export function chooseLook(wishes: Wishes, environment: NodeJS.ProcessEnv, colourDepth: number): Look {
	const {theme = 'auto', glyphs = 'auto'} = wishes;
	return {
		palette: theme === 'auto' ? paletteFor(environment) : theme,
		depth: depthFor(environment, colourDepth),
		ascii: glyphs === 'auto' ? !showsUnicode(environment) : glyphs === 'ascii',
	};
}

/** https://no-color.org: any value but the empty one turns colours off. */
function depthFor({NO_COLOR = ''}: NodeJS.ProcessEnv, bits: number): Depth {
	if (NO_COLOR !== '') {
		return 1;
	}

	return bits >= 24 ? 24 : bits >= 8 ? 8 : bits >= 4 ? 4 : 1;
}

/**
Terminals that say how they are coloured do so in COLORFGBG, as numbers of the 16 colours: `15;0`, or `0;default;15`. Nothing known means
the terminal's own colours, which suit its background.
*/
function paletteFor({COLORFGBG = ''}: NodeJS.ProcessEnv): PaletteName {
	const background = /^\d+;(?:[\w-]+;)?(?<background>\d{1,2})$/.exec(COLORFGBG)?.groups?.background;
	if (background === undefined || Number(background) > 15) {
		return 'terminal';
	}

	return background === '7' || Number(background) > 8 ? 'light' : 'dark';
}

/**
The kernel's own console has 256 or 512 characters. Elsewhere the locale counts; where none is set at all, as in many containers and over
ssh, nothing is said about the terminal, and those in use today take UTF-8.
*/
function showsUnicode({TERM = '', LC_ALL, LC_CTYPE, LANG}: NodeJS.ProcessEnv): boolean {
	const locale = [LC_ALL, LC_CTYPE, LANG].find((value) => value !== undefined && value !== '');
	return TERM !== 'linux' && TERM !== 'dumb' && (locale === undefined || /utf-?8/i.test(locale));
}
