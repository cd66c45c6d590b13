import {hidden} from './safe.ts';

/** One word as a POSIX shell takes it: as it is where nothing in it means anything to a shell, else in single quotes. */
export function shellQuote(word: string): string {
	return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/**
The same for a line that is shown before it is pasted: what would control the terminal, or not be seen, is written as printf writes it.
*/
export function shellQuoteVisibly(word: string): string {
	return shellQuote(word).replace(hidden, (found) => `'"$(printf '${octal(found)}')"'`);
}

function octal(text: string): string {
	return Array.from(Buffer.from(text), (byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
}
