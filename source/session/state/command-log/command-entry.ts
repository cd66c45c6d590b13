/** One line of the command log. */
export type CommandEntry = {at: Date; line: string};

/** More are of no use on a screen. */
const mostEntries = 500;

/** The log with one more line, the newest last. */
export function withEntry(entries: readonly CommandEntry[], entry: CommandEntry): CommandEntry[] {
	return [...entries, entry].slice(-mostEntries);
}
