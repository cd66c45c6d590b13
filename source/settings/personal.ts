/** The personal config: a file with the user's own defaults, in the shape of gpubox.yaml but as JSON. */
import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {exitCode, Failure} from '../base/failure.ts';
import {homeFolder} from '../base/home.ts';
import {readSmallFile} from '../base/small-file.ts';
import {adviceForWrite} from '../base/write-advice.ts';
import {shortenHome} from '../text/home-path.ts';
import {safeText} from '../text/safe.ts';
import {allSettings, type SettingInfo} from './describe.ts';
import {fromElsewhere, splitMounts} from './elsewhere.ts';
import {isRecord, similarKey} from './faults.ts';
import {readFile} from './file.ts';
import type {Sourced} from './merge.ts';
import {formerKeys, readSettings} from './read.ts';

export function personalFile(directory: string): string {
	return join(directory, 'config.json');
}

/** Settings that a user can have; `$schema` is for files only. */
export function personalSettings(): SettingInfo[] {
	return allSettings().filter(({personal, key}) => personal && key !== '$schema');
}

/**
The user's settings, in the same form as gpubox.yaml's.

@throws Failure (usage) that lists everything wrong with the file
*/
export async function readPersonal(directory: string): Promise<Sourced[]> {
	const path = personalFile(directory);
	const home = homeFolder(process.env);
	return existsSync(path) ? readFile(path, {place: 'personal', shownAs: shortenHome(path, home), base: home}) : [];
}

/**
Sets one value, given as text as on a command line: a list's items are separated by commas, or the list is written as JSON where an item has
a comma in it; an item of a map is named as in `env.EDITOR`.

@throws Failure (usage) with the key that was probably meant, or with the values that the setting accepts
*/
export async function setPersonal(directory: string, key: string, text: string): Promise<void> {
	const setting = findPersonal(key);
	const file = shortenHome(personalFile(directory), homeFolder(process.env));
	if (setting.key === 'commands') {
		throw new Failure('"commands" is a list of sections.', {fix: `Write them into ${file}.`, exitCode: exitCode.usage});
	}

	const name = storedKey(setting, key);
	const given = setting.kind === 'list' ? itemsIn(setting.key, text) : text;
	// As gpubox writes it, whatever way it was written in.
	const value = fromElsewhere({[name]: given})[name];
	const path = name.split('.');
	const probe = path.reduceRight<unknown>((inner, step) => ({[step]: inner}), value);
	const {mistakes} = readSettings(JSON.stringify(probe), {place: 'personal', shownAs: '', base: '/'});
	if (mistakes[0]) {
		throw new Failure(mistakes[0].message, {
			fix:
				setting.key === 'images'
					? `Write them into ${file}.`
					: `For example, in gpubox.yaml: ${setting.key}: ${setting.example}`,
			exitCode: exitCode.usage,
		});
	}

	const store = await openStore(directory);
	forgetFormer(store, setting.key);
	store.set(name, value);
}

/** The items of a list as they are typed. */
function itemsIn(key: string, text: string): string[] {
	return listInJson(text) ?? (key === 'mounts' ? splitMounts(text) : text.split(',').map((item) => item.trim()));
}

function listInJson(text: string): string[] | undefined {
	try {
		const value: unknown = JSON.parse(text);
		return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined;
	} catch {
		return undefined;
	}
}

/** A list as `setPersonal` takes it: as JSON only where commas alone would not separate the items. */
export function typedList(key: string, items: readonly string[]): string {
	const text = items.join(',');
	return JSON.stringify(itemsIn(key, text)) === JSON.stringify(items) ? text : JSON.stringify(items);
}

/** Forgets one value. @throws Failure (usage) */
export async function unsetPersonal(directory: string, key: string): Promise<void> {
	const setting = findPersonal(key);
	const store = await openStore(directory);
	forgetFormer(store, setting.key);
	store.delete(setting.kind === 'map' && key === setting.key ? setting.key : storedKey(setting, key));
}

/** @throws Failure (usage) with the key that was probably meant */
export function findPersonal(key: string): SettingInfo {
	const settings = personalSettings();
	const current = formerKeys[key] ?? key;
	const found = settings.find((setting) => setting.key === current || isItemOf(setting, current));
	if (found) {
		return found;
	}

	const project = allSettings().find((setting) => setting.key === current);
	const keys = settings.map((setting) => setting.key);
	const similar = similarKey(current, keys);
	throw new Failure(project ? `"${key}" is a project setting.` : `Unknown setting "${key}".`, {
		fix: project
			? 'Set it in gpubox.yaml.'
			: similar
				? `Did you mean "${similar}"?`
				: `Known settings: ${keys.join(', ')}`,
		exitCode: exitCode.usage,
	});
}

function isItemOf(setting: SettingInfo, key: string): boolean {
	return setting.kind === 'map' && key.startsWith(`${setting.key}.`);
}

function storedKey(setting: SettingInfo, key: string): string {
	if (setting.kind !== 'map') {
		return setting.key;
	}

	if (!isItemOf(setting, key)) {
		throw new Failure(`"${key}" is a map.`, {
			fix: `Set one of its entries, for example: gpubox config ${key}.${setting.key === 'keys' ? 'restart K' : 'EDITOR vim'}`,
			exitCode: exitCode.usage,
		});
	}

	return key;
}

type Store = {set(key: string, value: unknown): void; delete(key: string): void};

/** Loads the library that writes the file atomically; reading does not need it. */
async function openStore(directory: string): Promise<Store> {
	const {default: Conf} = await import('conf');
	const path = personalFile(directory);
	const guarded = <T>(doing: string, work: () => T): T => {
		try {
			return work();
		} catch (error) {
			throw new Failure(`Your settings cannot be ${doing}: ${safeText((error as Error).message)}`, {
				fix: adviceForWrite(error, path) || `Check ${safeText(path)}: fix or remove it.`,
				exitCode: doing === 'read' ? exitCode.usage : exitCode.failed,
				cause: error,
			});
		}
	};
	const store = guarded('read', () => {
		if (existsSync(path)) {
			// The library opens any kind of file, and would wait for a pipe.
			const content: unknown = JSON.parse(readSmallFile(path).toString('utf8') || '{}');
			if (!isRecord(content)) {
				throw new Error('it must contain settings such as {"gpus": 2}');
			}
		}

		return new Conf<Record<string, unknown>>({
			cwd: directory,
			configName: 'config',
			accessPropertiesByDotNotation: true,
		});
	});
	return {
		set: (key, value) => guarded('written', () => store.set(key, value)),
		delete: (key) => guarded('written', () => store.delete(key)),
	};
}

function forgetFormer(store: Store, key: string): void {
	for (const [former, current] of Object.entries(formerKeys)) {
		if (current === key) {
			store.delete(former);
		}
	}
}
