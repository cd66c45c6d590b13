/** Takes the place of Ink's `sanitizeAnsi` in the bundle, which it calls for every text of a frame, several times: keeps what it said as long as frames ask for it. */
import sanitizeAnsi from '../../node_modules/ink/build/sanitize-ansi.js';
import {FrameCache} from './frame-cache.mjs';
import {countable} from './string-width.mjs';

const colours = /\u001B\[[\d;]*m/g;

export const sanitized = new FrameCache();

export default function sanitizeOnce(text) {
	// Of characters and styles alone nothing is taken away.
	if (countable.test(text.includes('\u001B') ? text.replace(colours, '') : text)) {
		return text;
	}

	let clean = sanitized.get(text);
	if (clean === undefined) {
		clean = sanitizeAnsi(text);
		sanitized.set(text, clean);
	}

	return clean;
}
