/** How a command line begins: the program's own options, and the first word that is none of them. Without such a word it asks for the session. */
export type Beginning = {host?: string; readOnly: boolean; word?: string};

/** @param words without the program */
export function readBeginning(words: readonly string[]): Beginning {
	const found: Beginning = {readOnly: false};
	for (let place = 0; place < words.length; place++) {
		const word = words[place] ?? '';
		const next = words[place + 1];
		if (word === '--read-only') {
			found.readOnly = true;
		} else if (/^--host=./s.test(word)) {
			found.host = word.slice('--host='.length);
		} else if (word === '--host' && next !== undefined) {
			found.host = next;
			place++;
		} else {
			return {...found, word};
		}
	}

	return found;
}

/** What says something of the program itself, by what it says. */
const overviews = new Map([
	['-V', 'version'],
	['--version', 'version'],
	['-h', 'help'],
	['--help', 'help'],
	['help', 'help'],
]);

/** What compiled code is kept for (compiled-code.ts): the verb, or what such a word asks for. */
export function purposeOf(word: string | undefined): string {
	return word === undefined ? 'session' : (overviews.get(word) ?? word);
}

export function asksForOverview(word: string | undefined): boolean {
	return word !== undefined && overviews.has(word);
}
