import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {
	colourCodes,
	colourOf,
	type Depth,
	hexOf,
	type PaletteName,
	type Role,
	themeNames,
} from '../../../source/session/look/palette.ts';
import {type Style, themeFor} from '../../../source/session/theme.ts';
import {allSettings} from '../../../source/settings/describe.ts';
import {contrast, difference, rgbOf, visions} from '../../_helpers/colour-vision.ts';

/** Backgrounds that terminals come with, or that many choose: black, Windows, VS Code, Dracula, Solarized, Ubuntu, Nord; white ones likewise. */
const backgrounds: Record<Exclude<PaletteName, 'terminal'>, string[]> = {
	dark: ['#000000', '#0c0c0c', '#1e1e1e', '#282a36', '#002b36', '#300a24', '#2e3440'],
	light: ['#ffffff', '#fafafa', '#eeeeee', '#eff1f5', '#fdf6e3'],
	'high-contrast': ['#000000'],
};

const roles: Role[] = ['accent', 'quiet', 'border', 'good', 'warning', 'bad'];
const painted = Object.keys(backgrounds) as Array<keyof typeof backgrounds>;

/** The 16 colours of xterm, the kernel's console and Windows Terminal: black and white first. */
const tables: Record<string, {black: string; white: string; colours: Record<string, string>}> = {
	xterm: {
		black: '#000000',
		white: '#ffffff',
		colours: {
			blue: '#0000ee',
			magenta: '#cd00cd',
			red: '#cd0000',
			white: '#e5e5e5',
			cyanBright: '#00ffff',
			greenBright: '#00ff00',
			yellowBright: '#ffff00',
			redBright: '#ff0000',
			whiteBright: '#ffffff',
		},
	},
	console: {
		black: '#000000',
		white: '#ffffff',
		colours: {
			blue: '#0000aa',
			magenta: '#aa00aa',
			red: '#aa0000',
			white: '#aaaaaa',
			cyanBright: '#55ffff',
			greenBright: '#55ff55',
			yellowBright: '#ffff55',
			redBright: '#ff5555',
			whiteBright: '#ffffff',
		},
	},
	windows: {
		black: '#0c0c0c',
		white: '#f2f2f2',
		colours: {
			blue: '#0037da',
			magenta: '#881798',
			red: '#c50f1f',
			white: '#cccccc',
			cyanBright: '#61d6d6',
			greenBright: '#16c60c',
			yellowBright: '#f9f1a5',
			redBright: '#e74856',
			whiteBright: '#f2f2f2',
		},
	},
};

function hexAt(palette: PaletteName, role: Role, depth: Depth): string | undefined {
	const colour = colourOf(palette, role, depth);
	return colour?.startsWith('ansi256') ? hexOf(Number(/\d+(?=\))/.exec(colour)?.[0])) : colour;
}

describe('every colour is legible', () => {
	for (const palette of painted) {
		for (const depth of [8, 24] as const) {
			test(`${palette}, ${depth} bits`, () => {
				for (const role of roles) {
					for (const background of backgrounds[palette]) {
						const colour = hexAt(palette, role, depth);
						assert.ok(colour, `${role} has no colour`);
						const ratio = contrast(rgbOf(colour), rgbOf(background));
						assert.ok(ratio >= 4.5, `${role} ${colour} on ${background}: ${ratio.toFixed(2)}`);
					}
				}
			});
		}

		test(`${palette}, 16 colours`, () => {
			for (const [name, {black, white, colours}] of Object.entries(tables)) {
				for (const role of roles) {
					const colour = colourOf(palette, role, 4);
					if (colour !== undefined) {
						const background = palette === 'light' ? white : black;
						const ratio = contrast(rgbOf(colours[colour] ?? ''), rgbOf(background));
						assert.ok(ratio >= 4.5, `${name}: ${role} ${colour} on ${background}: ${ratio.toFixed(2)}`);
					}
				}
			}
		});
	}

	test('high contrast is 7:1 and more, and paints text and background', () => {
		for (const role of roles) {
			assert.ok(contrast(rgbOf(hexAt('high-contrast', role, 24) ?? ''), [0, 0, 0]) >= 7, role);
		}

		for (const depth of [4, 8, 24] as const) {
			assert.ok(colourCodes({palette: 'high-contrast', depth}).background);
		}

		assert.deepEqual(colourCodes({palette: 'high-contrast', depth: 1}), {});
		assert.deepEqual(colourCodes({palette: 'dark', depth: 24}), {});
	});
});

describe('the colours of states differ for everyone', () => {
	const states: Array<[Role, Role]> = [
		['good', 'warning'],
		['good', 'bad'],
		['warning', 'bad'],
	];
	for (const palette of painted) {
		for (const vision of Object.keys(visions) as Array<keyof typeof visions>) {
			test(`${palette}, ${vision}`, () => {
				for (const [a, b] of states) {
					const [first, second] = [a, b].map((role) => rgbOf(hexAt(palette, role, 24) ?? ''));
					assert.ok(first && second);
					const seen = difference(first, second, vision);
					assert.ok(seen >= 15, `${a} and ${b}: ${seen.toFixed(0)}`);
				}
			});
		}
	}
});

describe('a theme', () => {
	const styles = (palette: PaletteName, depth: Depth) =>
		Object.values(themeFor({palette, depth, ascii: false})).filter(
			(value): value is Style => typeof value === 'object',
		);

	test('has no colour where none are wanted', () => {
		for (const palette of ['terminal', ...painted] as const) {
			assert.ok(styles(palette, 1).every(({color}) => color === undefined));
			assert.equal(themeFor({palette, depth: 1, ascii: false}).colours, false);
		}
	});

	test('has the colours that the terminal can show', () => {
		assert.equal(themeFor({palette: 'dark', depth: 24, ascii: false}).good.color, '#5fd7af');
		assert.equal(themeFor({palette: 'dark', depth: 8, ascii: false}).good.color, 'ansi256(79)');
		assert.equal(themeFor({palette: 'dark', depth: 4, ascii: false}).good.color, 'greenBright');
		assert.equal(themeFor({palette: 'terminal', depth: 24, ascii: false}).good.color, 'green');
	});

	test('is known to the settings by the same name', () => {
		const setting = allSettings().find(({key}) => key === 'theme');
		assert.deepEqual(setting?.json.enum, [...themeNames]);
	});
});
