/** Takes the place of Ink's `sanitizeAnsi` in the bundle, which it calls for every text of a frame, several times: keeps what it said as long as frames ask for it. */
import sanitizeAnsi from '../../node_modules/ink/build/sanitize-ansi.js';
import {FrameCache} from './frame-cache.mjs';

export const sanitized = new FrameCache();

export default function sanitizeOnce(text) {
	let clean = sanitized.get(text);
	if (clean === undefined) {
		clean = sanitizeAnsi(text);
		sanitized.set(text, clean);
	}

	return clean;
}
