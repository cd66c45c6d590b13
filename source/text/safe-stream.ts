import {withoutControls} from './safe.ts';

/** Colours, and what a progress bar erases of its own line. */
const kept = /^\u001B\[(?:[0-9;:]*m|[012]?K)$/;

/** A control sequence that may go on in the next piece. */
const unfinished =
	/(?:(?:\u001B\[|\u009B)[0-?]*[ -/]*|(?:\u001B[\]PX^_]|[\u0090\u0098\u009D\u009E\u009F])[^\u0007\u001B\u009C]*\u001B?|\u001B[ -/]*)$/;

/** Characters of a sequence that never ends: more of it is no sequence that a terminal needs. */
const longest = 4096;

const harmless = /^[\n\r\t -~]*$/;

/**
Makes a program's output safe for a terminal while it arrives in arbitrary pieces, without waiting for the end of a line: colours,
carriage returns and backspaces stay, so that progress bars work; everything else that controls a terminal is dropped.
*/
export class SafeStream {
	#held = '';
	readonly #decoder = new TextDecoder();

	push(data: Uint8Array): string {
		const text = this.#held + this.#decoder.decode(data, {stream: true});
		if (harmless.test(text)) {
			this.#held = '';
			return text;
		}

		const tail = unfinished.exec(text)?.[0] ?? '';
		this.#held = tail.length > longest ? '' : tail;
		return clean(tail === '' ? text : text.slice(0, -tail.length));
	}

	/** What was waited for does not come any more. */
	end(): string {
		const rest = this.#held + this.#decoder.decode();
		this.#held = '';
		return clean(rest);
	}
}

function clean(text: string): string {
	return withoutControls(text, (found) => '\n\r\t\b'.includes(found) || kept.test(found));
}
