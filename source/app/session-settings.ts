import {join} from 'node:path';
import {Failure} from '../base/failure.ts';
import {readSmallFile} from '../base/small-file.ts';
import {findPaths} from '../host/user.ts';
import {hostWideFile} from '../settings/file.ts';
import type {Settings} from '../settings/schema.ts';
import {loadPersonalSettings} from './load-settings.ts';

type Parts = Pick<Settings, 'theme' | 'glyphs' | 'mouse' | 'events' | 'keys' | 'commands'>;

/** What the user set for their sessions, by who needs it, and what is wrong with the files that say so. */
export type SessionSettings = {
	look: Pick<Parts, 'theme' | 'glyphs' | 'mouse'>;
	own: {keys?: NonNullable<Parts['keys']>; commands?: NonNullable<Parts['commands']>};
	alert: {how: NonNullable<NonNullable<Parts['events']>['alert']>; command: string | undefined};
	trouble?: Failure;
};

const keys: ReadonlyArray<keyof Parts> = ['theme', 'glyphs', 'mouse', 'events', 'keys', 'commands'];

/**
The user's settings for the session. Where no file mentions one of them, the code that reads settings is not loaded.
Never throws a Failure: the session is of use with mistakes in a file, too.
*/
export async function sessionSettings(): Promise<SessionSettings> {
	if (![join(findPaths(process.env).config, 'config.json'), hostWideFile].some(mentionsAny)) {
		return inParts({});
	}

	try {
		return inParts(await loadPersonalSettings());
	} catch (error) {
		if (error instanceof Failure) {
			return {...inParts({}), trouble: error};
		}

		throw error;
	}
}

function inParts({theme, glyphs, mouse, events, keys: ownKeys, commands}: Parts): SessionSettings {
	return {
		look: {theme, glyphs, mouse},
		own: {...(ownKeys ? {keys: ownKeys} : {}), ...(commands ? {commands} : {})},
		alert: {how: events?.alert ?? 'none', command: events?.command},
	};
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
