import assert from 'node:assert/strict';
import {test} from 'node:test';
import {chooseLook} from '../../../source/session/look/detect.ts';

const utf8 = {TERM: 'xterm-256color', LANG: 'C.UTF-8'};

test('the theme is the one that is set, or follows what the terminal says of its background', () => {
	const palette = (COLORFGBG?: string, theme?: 'light' | 'auto') =>
		chooseLook({theme}, {...utf8, ...(COLORFGBG === undefined ? {} : {COLORFGBG})}, 24).palette;
	for (const [value, expected] of [
		[undefined, 'terminal'],
		['', 'terminal'],
		['15;0', 'dark'],
		['7;8', 'dark'],
		['12;8', 'dark'],
		['0;15', 'light'],
		['0;default;15', 'light'],
		['0;7', 'light'],
		['default;default', 'terminal'],
		['15;default;0', 'dark'],
		['15;99', 'terminal'],
		['\u001B[31m;0', 'terminal'],
	] as const) {
		assert.equal(palette(value), expected, value);
	}

	assert.equal(palette('15;0', 'light'), 'light');
	assert.equal(palette('15;0', 'auto'), 'dark');
});

test('colours are as many as the terminal shows, and none where NO_COLOR has a value', () => {
	const depth = (bits: number, NO_COLOR?: string) =>
		chooseLook({}, {...utf8, ...(NO_COLOR === undefined ? {} : {NO_COLOR})}, bits).depth;
	assert.deepEqual(
		[1, 4, 8, 24].map((bits) => depth(bits)),
		[1, 4, 8, 24],
	);
	assert.equal(depth(24, '1'), 1);
	assert.equal(depth(24, ''), 24);
});

test('characters are ASCII where the locale or the terminal has no others', () => {
	const ascii = (environment: NodeJS.ProcessEnv, glyphs?: 'ascii' | 'unicode' | 'auto') =>
		chooseLook({glyphs}, environment, 8).ascii;
	for (const [environment, expected] of [
		[{TERM: 'xterm', LANG: 'de_DE.UTF-8'}, false],
		[{TERM: 'xterm', LANG: 'en_US.utf8'}, false],
		[{TERM: 'xterm', LANG: 'C'}, true],
		[{TERM: 'xterm', LANG: 'de_DE.ISO-8859-1'}, true],
		[{TERM: 'xterm', LANG: 'C', LC_CTYPE: 'C.UTF-8'}, false],
		[{TERM: 'xterm', LANG: 'C.UTF-8', LC_ALL: 'POSIX'}, true],
		[{TERM: 'xterm', LANG: 'C.UTF-8', LC_ALL: ''}, false],
		[{TERM: 'xterm'}, false],
		[{TERM: 'linux', LANG: 'C.UTF-8'}, true],
		[{TERM: 'dumb', LANG: 'C.UTF-8'}, true],
	] as const) {
		assert.equal(ascii(environment), expected, JSON.stringify(environment));
	}

	assert.equal(ascii({TERM: 'linux'}, 'unicode'), false);
	assert.equal(ascii(utf8, 'ascii'), true);
	assert.equal(ascii(utf8, 'auto'), false);
});
