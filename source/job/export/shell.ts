import {shellQuote} from '../../text/shell-quote.ts';

/** A word of a shell command: text, or what the shell itself shall replace. */
export type Word = string | {raw: string};

export function toShell(words: readonly Word[]): string {
	return words.map((word) => (typeof word === 'string' ? shellQuote(word) : word.raw)).join(' ');
}

/** A command on several lines: each group of words on one of its own. */
export function toShellLines(groups: ReadonlyArray<readonly Word[]>): string {
	return groups
		.filter((words) => words.length > 0)
		.map(toShell)
		.join(' \\\n  ');
}

/** `export NAME=VALUE`, one a line. */
export function exportLines(environment: Readonly<Record<string, string>>): string[] {
	return Object.entries(environment).map(([name, value]) => `export ${name}=${shellQuote(value)}`);
}
