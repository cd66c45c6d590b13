/** One word as a POSIX shell takes it: as it is where nothing in it means anything to a shell, else in single quotes. */
export function shellQuote(word: string): string {
	return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
