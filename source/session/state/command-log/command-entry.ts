/** One line of the command log. `id` counts up. */
export type CommandEntry = {id: number; at: Date; line: string};

/** More are of no use on a screen. */
const mostEntries = 500;

/** The log with one more line, the newest last. */
export function withEntry(entries: readonly CommandEntry[], entry: Omit<CommandEntry, 'id'>): CommandEntry[] {
	const id = (entries.at(-1)?.id ?? 0) + 1;
	return [...entries, {id, ...entry}].slice(-mostEntries);
}
