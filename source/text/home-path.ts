import {join} from 'node:path';

/** `~` and `~/data` as a path below the home; any other text as it is. */
export function expandHome(text: string, home: string): string {
	return text === '~' || text.startsWith('~/') ? join(home, text.slice(2)) : text;
}

/** A path below the home for display: `~/data`. */
export function shortenHome(path: string, home: string): string {
	return path.startsWith(`${home}/`) ? `~/${path.slice(home.length + 1)}` : path;
}
