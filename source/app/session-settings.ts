import {join} from 'node:path';
import {Failure} from '../base/failure.ts';
import {readSmallFile} from '../base/small-file.ts';
import {findPaths} from '../host/user.ts';
import {hostWideFile} from '../settings/file.ts';
import type {Settings} from '../settings/schema.ts';
import {loadPersonalSettings} from './load-settings.ts';

/** What the session looks like, and what is wrong with the files that say so. */
export type SessionSettings = Pick<Settings, 'theme' | 'glyphs' | 'events' | 'keys' | 'commands'> & {trouble?: Failure};

const keys: ReadonlyArray<keyof SessionSettings> = ['theme', 'glyphs', 'events', 'keys', 'commands'];

/**
The user's settings for the session, before its first frame. Where no file mentions one of them, the code that reads settings is not loaded.
Never throws a Failure: the session is of use with mistakes in a file, too.
*/
export async function sessionSettings(): Promise<SessionSettings> {
	if (![join(findPaths(process.env).config, 'config.json'), hostWideFile].some(mentionsAny)) {
		return {};
	}

	try {
		const {theme, glyphs, events, keys: ownKeys, commands} = await loadPersonalSettings();
		return {theme, glyphs, events, keys: ownKeys, commands};
	} catch (error) {
		if (error instanceof Failure) {
			return {trouble: error};
		}

		throw error;
	}
}

function mentionsAny(path: string): boolean {
	try {
		const text = readSmallFile(path).toString('utf8');
		return keys.some((key) => text.includes(`"${key}"`));
	} catch {
		// Missing, or not to be read: verbs that need it say so.
		return false;
	}
}
