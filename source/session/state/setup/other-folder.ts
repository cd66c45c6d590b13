/** Folders other than the session's, as they are shown and found. */
import {homeFolder} from '../../../base/home.ts';
import {shortenHome} from '../../../text/home-path.ts';
import {safeText} from '../../../text/safe.ts';
import type {Facts} from '../model.ts';
import type {SetupView} from './setup.ts';

const mostShown = 50;

/** Those that the user was in and that the text is found in, then those that it begins; each once. */
export function foldersFor(text: string, recent: readonly string[], begun: readonly string[]): string[] {
	const word = text.toLowerCase();
	const known = recent.filter((folder) => folder.toLowerCase().includes(word));
	return [...new Set([...known, ...begun])].slice(0, mostShown);
}

export function withTilde(path: string): string {
	return shortenHome(path, homeFolder(process.env));
}

/** The folder that is set up, for display. */
export function shownFolder({folder: own}: Pick<Facts, 'folder'>, {folder}: Pick<SetupView, 'folder'>): string {
	return folder === undefined ? own : safeText(withTilde(folder));
}
