/** Keys by name: as a terminal sends them, and as they are shown. */
import type {Key} from 'ink';
import {theme} from '../../theme.ts';

const named: Array<[keyof Key, string]> = [
	['upArrow', 'up'],
	['downArrow', 'down'],
	['leftArrow', 'left'],
	['rightArrow', 'right'],
	['pageUp', 'pageup'],
	['pageDown', 'pagedown'],
	['home', 'home'],
	['end', 'end'],
	['return', 'enter'],
	['escape', 'escape'],
	['backspace', 'backspace'],
	['delete', 'delete'],
];

/**
The keys in one piece of input, by name. Held keys and slow lines deliver several at once (`jjj`, `j\rk`), so input that is not a single
special key is split.
*/
export function keysOf(input: string, key: Key): string[] {
	if (key.tab) {
		return [key.shift ? 'shift+tab' : 'tab'];
	}

	for (const [flag, name] of named) {
		if (key[flag] === true) {
			return [name];
		}
	}

	if (key.ctrl) {
		return [`ctrl+${input}`];
	}

	const keys = [...input].map(keyOfCharacter);
	// No binding uses Alt, but Esc immediately followed by a key looks the same.
	return key.meta ? ['escape', ...keys] : keys;
}

function keyOfCharacter(character: string): string {
	switch (character) {
		case '\r':
		case '\n': {
			return 'enter';
		}

		case '\t': {
			return 'tab';
		}

		case ' ': {
			return 'space';
		}

		case '\u007F': {
			return 'backspace';
		}

		default: {
			// Ctrl with a letter is that letter's place in the alphabet.
			return character < ' ' ? `ctrl+${String.fromCharCode(character.charCodeAt(0) + 0x60)}` : character;
		}
	}
}

/** The character that a key stands for where text is typed; undefined for one that moves or deletes. */
export function characterOf(key: string): string | undefined {
	if (key === 'space') {
		return ' ';
	}

	const [character, ...others] = key;
	return others.length === 0 && character !== undefined && !/\p{C}/u.test(character) ? character : undefined;
}

const shownKeys: Record<string, string> = {
	up: '↑',
	down: '↓',
	left: '←',
	right: '→',
	enter: '⏎',
	escape: 'Esc',
	tab: 'Tab',
	'shift+tab': 'Shift-Tab',
	pageup: 'PgUp',
	pagedown: 'PgDn',
	space: 'Space',
	home: 'Home',
	end: 'End',
};

/** Where arrows cannot be shown. */
const asciiKeys: Record<string, string> = {up: 'Up', down: 'Down', left: 'Left', right: 'Right', enter: 'Enter'};

/** A key for display. */
export function shownKey(key: string): string {
	return (
		(theme.ascii ? asciiKeys[key] : undefined) ??
		shownKeys[key] ??
		key.replace(/^ctrl\+(.)$/, (_, letter: string) => `Ctrl-${letter.toUpperCase()}`)
	);
}
