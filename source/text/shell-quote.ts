import {hidden} from './safe.ts';

/**
One word as a POSIX shell takes it: as it is where nothing in it means anything to a shell, else in single quotes. The line may be shown
before it is pasted, so what would control the terminal, or not be seen, is written as printf writes it.
*/
export function shellQuote(word: string): string {
	if (/^[\w@%+=:,./-]+$/.test(word)) {
		return word;
	}

	const quoted = `'${word.replaceAll("'", String.raw`'\''`)}'`;
	return quoted.replace(hidden, (found) => `'"$(printf '${octal(found)}')"'`);
}

function octal(text: string): string {
	return Array.from(Buffer.from(text), (byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
}
