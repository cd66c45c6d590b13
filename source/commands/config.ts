import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {findPaths} from '../host/person.ts';
import {checkKey, openSettings, type Settings, settingKeys} from '../settings/settings.ts';
import {formatTable} from '../text/table.ts';
import {printJson} from './box-json.ts';

export async function config(
	key: string | undefined,
	value: string | undefined,
	options: {json?: true | undefined; unset?: true | undefined},
): Promise<void> {
	const settings = await openSettings(findPaths(process.env).config);
	if (key === undefined) {
		const current = settings.read();
		if (options.json) {
			printJson(current);
			return;
		}

		const rows = Object.entries(settingKeys).map(([name, meaning]) => [
			name,
			current[name as keyof Settings] ?? '-',
			meaning,
		]);
		process.stdout.write(`${formatTable(['key', 'value', 'meaning'], rows)}\n\nKept in ${settings.path}\n`);
		return;
	}

	const known = checkKey(key);
	if (options.unset) {
		settings.unset(known);
	} else if (value === undefined) {
		process.stdout.write(`${settings.read()[known] ?? ''}\n`);
	} else {
		settings.set(known, value);
	}
}

/** The personal settings for a verb that only reads them: without a file there is nothing to load. */
export async function readSettings(): Promise<Settings> {
	const {config: directory} = findPaths(process.env);
	return existsSync(join(directory, 'config.json')) ? (await openSettings(directory)).read() : {};
}
