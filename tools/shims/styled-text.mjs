/** Characters with styles, as `@alcalzone/ansi-tokenize` has them, as text: what leads from one style to the next is worked out once for each pair. */
import {ansiCodesToString, diffAnsiCodes, styledCharsFromTokens, tokenize} from '@alcalzone/ansi-tokenize';
import {FrameCache} from './frame-cache.mjs';

/** By their codes: one list for all characters with the same styles, so that equal styles are the same object. */
const styles = new FrameCache();
/** By two lists: the codes that lead from the one to the other. */
const changes = new FrameCache();
/** By a list and a control sequence: the list of what follows; null where the sequence is none of styles. */
const followers = new FrameCache();
const keys = new WeakMap();
const none = [];
keys.set(none, '');

/** The list that stands for all with these codes. */
export function ownStyles(codes) {
	if (codes.length === 0) {
		return none;
	}

	if (keys.has(codes)) {
		return codes;
	}

	const key = codes.map(({code, endCode}) => `${code} ${endCode}`).join('\n');
	let own = styles.get(key);
	if (own === undefined) {
		own = codes;
		keys.set(own, key);
		styles.set(key, own);
	}

	return own;
}

/** The list of what follows such a sequence; undefined where it is none of styles. */
export function stylesAfter(list, sequence) {
	const key = `${keys.get(list)}\n\n${sequence}`;
	let after = followers.get(key);
	if (after === undefined) {
		const [char, more] = styledCharsFromTokens(tokenize(`${list.map(({code}) => code).join('')}${sequence}x`));
		after = more === undefined && char.value === 'x' ? ownStyles(char.styles) : null;
		followers.set(key, after);
	}

	return after ?? undefined;
}

function change(from, to) {
	const key = `${keys.get(from)}\n\n${keys.get(to)}`;
	let text = changes.get(key);
	if (text === undefined) {
		text = ansiCodesToString(diffAnsiCodes(from, to));
		changes.set(key, text);
	}

	return text;
}

/** The text of characters, or of runs of them, whose styles are own ones. Ends without a style. */
export function charsToText(chars) {
	let text = '';
	let current = none;
	for (const char of chars) {
		const {styles: wanted, value} = char;
		if (wanted !== current && keys.get(wanted) !== keys.get(current)) {
			text += change(current, wanted);
		}

		current = wanted;
		text += value;
	}

	return current === none ? text : text + change(current, none);
}

/** A new frame begins. */
export function turnStyles() {
	styles.turn();
	changes.turn();
	followers.turn();
}
