/**
A command line as words, as a POSIX shell splits it: quotes and backslashes count, and nothing is expanded. Undefined where a quote is not
closed, or a backslash is the last character.
*/
export function splitWords(line: string): string[] | undefined {
	const words: string[] = [];
	const part = /\s+|'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|([^\s'"\\]+)/gsy;
	let word: string | undefined;
	let end = 0;
	for (let match = part.exec(line); match !== null; match = part.exec(line)) {
		end = part.lastIndex;
		const [whole, single, double, escaped, plain] = match;
		const text = single ?? double?.replace(/\\(["\\$`])/g, '$1') ?? escaped ?? plain;
		if (text !== undefined) {
			word = (word ?? '') + text;
		} else if (whole !== '' && word !== undefined) {
			words.push(word);
			word = undefined;
		}
	}

	if (end !== line.length) {
		return undefined;
	}

	return word === undefined ? words : [...words, word];
}
