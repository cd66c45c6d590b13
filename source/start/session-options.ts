/**
What a command line without a verb asks of the session; undefined where there is a verb, or anything else than the options of the session.

@param words without the program
*/
export function sessionOptions(words: readonly string[]): {host?: string; readOnly: boolean} | undefined {
	let host: string | undefined;
	let readOnly = false;
	for (let place = 0; place < words.length; place++) {
		const word = words[place] ?? '';
		const next = words[place + 1];
		if (word === '--read-only') {
			readOnly = true;
		} else if (/^--host=./s.test(word)) {
			host = word.slice('--host='.length);
		} else if (word === '--host' && next !== undefined) {
			host = next;
			place++;
		} else {
			return undefined;
		}
	}

	return {...(host === undefined ? {} : {host}), readOnly};
}
