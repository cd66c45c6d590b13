import {stripVTControlCharacters} from 'node:util';
import {setFlagsFromString} from 'node:v8';

/** What is searched or filtered for. */
export type Query = {
	/** As typed. */
	text: string;
	/** Lines that do not match. */
	inverse: boolean;
};

export type Matcher = {
	/** @param line as it came from the engine */
	test(line: string): boolean;
	/** Where the matches are in a text without control sequences: from, and up to, in characters. */
	spans(text: string): Array<[from: number, to: number]>;
};

const special = /[.*+?^${}()|[\]\\]/g;

/**
An expression like `(a+)+$` takes for ever on the wrong line, and keys would wait for it. With the first flag V8 goes over to an engine that is
never slow, where it can; with the second it says at once whether it can.
*/
const goesOver = '--enable-experimental-regexp-engine-on-excessive-backtracks';
const canTell = '--enable-experimental-regexp-engine';
const without = (flag: string) => flag.replace('--', '--no-');

/** More of a line is not searched for what to mark. */
const mostSpans = 200;

/**
A regular expression; what is not a valid one is searched for as it is typed. Without a capital letter, case does not count. That is done by
comparing lower case: V8's engine that is never slow takes no other flag.
*/
export function createMatcher({text, inverse}: Query): Matcher {
	const folds = !/\p{Lu}/u.test(text.replace(/\\./g, ''));
	const fold = (line: string) => (folds ? line.toLowerCase() : line);
	const isPlain = text.search(special) === -1;
	const pattern = patternOf(text);
	if (!isPlain) {
		neverSlow();
	}

	return {
		test(line) {
			const shown = fold(plainText(line));
			pattern.lastIndex = 0;
			return (isPlain ? shown.includes(text) : pattern.test(shown)) !== inverse;
		},
		spans(shown) {
			const folded = fold(shown);
			const found: Array<[number, number]> = [];
			// Few letters have another length in lower case: then nothing can be marked at its place.
			if (inverse || folded.length !== shown.length) {
				return found;
			}

			for (const match of folded.matchAll(pattern)) {
				if (match[0] !== '') {
					found.push([match.index, match.index + match[0].length]);
				}

				if (found.length >= mostSpans) {
					break;
				}
			}

			return found;
		},
	};
}

/**
Why an expression is not searched for, in a few words; empty when it is. V8 cannot promise an end for look-ahead, back-references, flags within
the expression and counts above 16.
*/
export function problemOfQuery(text: string): string {
	if (patternOf(text).source !== text) {
		return '';
	}

	setFlagsFromString(canTell);
	try {
		new RegExp(text, 'l');
		return '';
	} catch {
		return 'may never end: leave out (?=…), \\1, {17}';
	} finally {
		setFlagsFromString(without(canTell));
	}
}

let isNeverSlow = false;

/** Only once it is needed: V8 refuses code that it compiled with other flags, so all that is loaded from then on is compiled again. */
function neverSlow(): void {
	if (isNeverSlow) {
		return;
	}

	isNeverSlow = true;
	setFlagsFromString(goesOver);
	// Before what was compiled is kept for the next start.
	process.prependOnceListener('exit', () => setFlagsFromString(without(goesOver)));
}

function patternOf(text: string): RegExp {
	try {
		return new RegExp(text, 'g');
	} catch {
		return new RegExp(text.replace(special, '\\$&'), 'g');
	}
}

/** What one reads of a line: without colours, and after its last carriage return. */
export function plainText(line: string): string {
	if (!/[\u001B\u009B\r]/.test(line)) {
		return line;
	}

	return stripVTControlCharacters(line).replace(/\r+$/, '').replace(/^.*\r/s, '');
}
