import {exitCode, Failure} from '../failure.ts';
import {mostSimilar} from '../text/similar.ts';

/** Personal defaults, each with what it means. Everything can also be said by a flag or in gpubox.yaml. */
export const settingKeys = {
	image: 'image of new boxes, instead of the one recommended',
	gpus: 'what --gpus takes',
	bind: 'address that ports are published on',
	memory: 'memory limit, such as 32g',
	cpus: 'CPU limit',
	shmSize: 'size of /dev/shm, such as 16g',
	'build.pipIndexUrl': 'mirror of PyPI for the layers that gpubox builds',
	'build.aptMirror': 'mirror of the distribution for the layers that gpubox builds',
} as const;

export type SettingKey = keyof typeof settingKeys;
export type Settings = Partial<Record<SettingKey, string>>;

/** @throws Failure (usage) with the key that was probably meant */
export function checkKey(key: string): SettingKey {
	if (Object.hasOwn(settingKeys, key)) {
		return key as SettingKey;
	}

	const similar = mostSimilar(key, Object.keys(settingKeys));
	throw new Failure(`There is no setting "${key}".`, {
		fix: similar ? `Did you mean "${similar}"?` : `There are: ${Object.keys(settingKeys).join(', ')}`,
		exitCode: exitCode.usage,
	});
}

/**
Opens the personal settings in `directory`. The library behind them takes its time to load, so callers that only read wait for
no more than they need.
*/
export async function openSettings(directory: string): Promise<{
	read(): Settings;
	set(key: SettingKey, value: string): void;
	unset(key: SettingKey): void;
	path: string;
}> {
	const {default: Conf} = await import('conf');
	let store: InstanceType<typeof Conf<Record<string, unknown>>>;
	try {
		store = new Conf<Record<string, unknown>>({
			cwd: directory,
			configName: 'config',
			accessPropertiesByDotNotation: true,
		});
	} catch (error) {
		throw new Failure(`Your settings cannot be read: ${(error as Error).message}`, {
			fix: `Mend or remove ${directory}/config.json`,
			exitCode: exitCode.usage,
			cause: error,
		});
	}

	return {
		path: store.path,
		read: () =>
			Object.fromEntries(
				(Object.keys(settingKeys) as SettingKey[]).flatMap((key) => {
					const value = store.get(key);
					return typeof value === 'string' || typeof value === 'number' ? [[key, String(value)]] : [];
				}),
			),
		set: (key, value) => store.set(key, value),
		unset: (key) => store.delete(key),
	};
}
