import {widthOf} from '../../text/layout/fit.ts';

/** In place of the glyphs that the screens use, each as wide as what it stands for. */
const replacements: Array<[glyphs: string, replacements: string]> = [
	['─━┄┈╌', '-=...'],
	['│┃┆┊', '||||'],
	['╭╮╰╯┌┐└┘├┤┬┴┼', '+++++++++++++'],
	['▸▶►◂◀▴▲▾▼', '>>><<^^vv'],
	['●○◐◌◉■□◆◇', '*o%o@#o#o'],
	['✓✔✕✗✖×★☆', 'vvxxxx*+'],
	['←→↑↓↵⏎↩⇥', '<>^v<<<>'],
	['…·•–—−°“”„‘’‹›«»', '~.*--- """\'\'<><>'],
	[' ▁▂▃▄▅▆▇█', ' _.-=+*%#'],
	['▏▎▍▌▋▊▉▐░▒▓▀', "|||||||| .:'"],
	['≥≤≈±µ²³', '><~+u23'],
];

const table = new Map(
	replacements.flatMap(([from, to]) => [...from].map((glyph, place) => [glyph, [...to][place] ?? '?'] as const)),
);

/** From nothing to all eight dots of a cell of a braille curve. */
const densities = [...' .,:;+*%#'];
/** Made when it is needed: its data takes 10 ms to load. */
let segments: Intl.Segmenter | undefined;

/**
A text that only ASCII is left of, as wide as it was: glyphs become similar characters, letters lose their accents, and `?` stands for
what is left. Control sequences stay.
*/
export function toAscii(text: string): string {
	return text.replaceAll(/[^\u0000-\u007F]+/g, (run) => {
		segments ??= new Intl.Segmenter(undefined, {granularity: 'grapheme'});
		return Array.from(segments.segment(run), ({segment}) => replacementOf(segment)).join('');
	});
}

function replacementOf(glyph: string): string {
	const code = glyph.codePointAt(0) ?? 0;
	if (code >= 0x2800 && code <= 0x28ff) {
		return densities[[...(code & 0xff).toString(2)].filter((bit) => bit === '1').length] ?? '?';
	}

	const known = table.get(glyph);
	if (known !== undefined) {
		return known;
	}

	const width = widthOf(glyph);
	const plain = glyph.normalize('NFKD').replaceAll(/[^\u0020-\u007E]/g, '');
	return plain.length === width ? plain : '?'.repeat(width);
}
