/** The user's own settings as the session lists and changes them; `gpubox config` does the same. */
import {dirname} from 'node:path';
import {inTurn} from '../base/in-turn.ts';
import {findPaths} from '../host/user.ts';
import {defaults, merge, type Sourced} from '../settings/merge.ts';
import {
	personalFile,
	personalSettings,
	readPersonal,
	setPersonal,
	typedList,
	unsetPersonal,
} from '../settings/personal.ts';
import {safeText} from '../text/safe.ts';
import {looksSecret} from '../text/secret-looking.ts';
import {loadHostWide} from './load-settings.ts';

/** One setting, or one entry of a map (`env.EDITOR`). All texts are safe to print. */
export type OwnSetting = {
	key: string;
	/** What it is for. */
	says: string;
	/** What it takes, in words. */
	wants: string;
	/** All values that it can have, where these are few. */
	choices: string[];
	/** As it counts now; of a map without its entries. What looks secret is not in it. */
	value: string;
	/** As it would be typed; undefined for a secret, and for what cannot be typed in one line. */
	typed: string | undefined;
	/** Who set what counts. */
	place: 'default' | 'host' | 'personal';
	/** Where: a file, with its line. */
	where: string;
	/** An entry is typed with its name: `EDITOR=vim`. */
	isMap: boolean;
};

export type OwnSettings = {
	settings: OwnSetting[];
	/** Where changes are written. */
	file: string;
	/** Why the config of the host does not count. */
	ignored: {message: string; fix: string} | undefined;
};

/**
All settings that a user can have, each with what counts where no gpubox.yaml says otherwise.

@throws Failure (usage)
*/
export async function listOwnSettings(loadHost: typeof loadHostWide = loadHostWide): Promise<OwnSettings> {
	const directory = findPaths(process.env).config;
	const {settings: hostWide, ignored} = await loadHost();
	const winners = merge([await readPersonal(directory), hostWide, defaults]);
	return {
		settings: personalSettings().flatMap(({key, says, wants, kind, default: fallback, json}): OwnSetting[] => {
			const choices = kind === 'value' && Array.isArray(json.enum) ? json.enum.map(String) : [];
			const own = winners.filter((winner) => winner.key === key);
			const base = {says, wants, choices, isMap: kind === 'map'};
			const entries = winners
				.filter((winner) => kind === 'map' && winner.key.startsWith(`${key}.`))
				.map((winner): OwnSetting => ({...base, key: safeText(winner.key), isMap: false, ...effectiveOf([winner])}));
			const whole: OwnSetting =
				own.length > 0
					? {...base, key, ...effectiveOf(own)}
					: {
							...base,
							key,
							value: entries.length === 0 ? fallback : `${entries.length} below`,
							typed: '',
							place: 'default',
							where: '',
						};
			return [whole, ...entries];
		}),
		file: safeText(personalFile(directory)),
		ignored: ignored && {message: ignored.message, fix: ignored.fix},
	};
}

function effectiveOf(winners: Sourced[]): Pick<OwnSetting, 'value' | 'typed' | 'place' | 'where'> {
	const [first] = winners;
	const place = first?.origin.place;
	const text = winners.map(({value}) => valueInWords(value)).join(',');
	// Lists add up: what is typed is the user's own part, as the host's would stay theirs when its administrator takes it back.
	const items = winners.filter(({item, origin}) => item === true && origin.place === 'personal');
	const own =
		first?.item === true
			? typedList(
					first.key,
					items.map(({value}) => valueInWords(value)),
				)
			: text;
	const secret = winners.some(({key, value}) => looksSecret(/^env\.(.*)/.exec(key)?.[1] ?? '', String(value)));
	return {
		value: secret ? 'set (hidden)' : text,
		typed: secret || winners.some(({value}) => typeof value === 'object' && !Array.isArray(value)) ? undefined : own,
		place: place === 'personal' || place === 'host' ? place : 'default',
		where: first?.origin.where ?? '',
	};
}

/** A value as one types it; objects as JSON. Safe to print. */
export function valueInWords(value: unknown): string {
	if (value === undefined) {
		return '';
	}

	return safeText(
		Array.isArray(value)
			? value.map((item) => (typeof item === 'object' ? JSON.stringify(item) : String(item))).join(',')
			: typeof value === 'object'
				? JSON.stringify(value)
				: String(value),
	);
}

/** Sets a value, or forgets it where `text` is undefined. @throws Failure (usage) with what the setting takes */
export async function changeOwnSetting(key: string, text: string | undefined): Promise<void> {
	const {config: directory, state} = findPaths(process.env);
	await inTurn(dirname(state), 'settings', () =>
		text === undefined ? unsetPersonal(directory, key) : setPersonal(directory, key, text),
	);
}
