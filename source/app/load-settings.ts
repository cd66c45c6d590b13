import {existsSync} from 'node:fs';
import {basename, join, resolve} from 'node:path';
import {Failure} from '../base/failure.ts';
import type {BuildSettings} from '../box/up/image/build-layers.ts';
import {findPaths} from '../host/user.ts';
import {findProject, hostWideFile, readProjectFile, resolveFolder} from '../settings/file.ts';
import {defaults, merge, type Sourced, toSettings} from '../settings/merge.ts';
import type {Settings} from '../settings/schema.ts';
import {toLatin} from '../text/latin.ts';

/** All that is set for a project, from every place. */
export type Effective = {
	/** The project's folder: absolute, symbolic links resolved. */
	project: string;
	/** Its gpubox.yaml, when there is one. */
	file?: string;
	/** The winners, each with its origin. */
	winners: Sourced[];
	/** The same in the shape of gpubox.yaml. */
	settings: Settings;
	/** Why the config of the host does not count. */
	ignored?: Failure;
};

/**
Gathers the settings of the project that `directory` belongs to: flags, then gpubox.yaml, then the personal config, then the host's, then
defaults. Without a file the code that reads it is not loaded.

@param options.files false for the demo host, which has no real files
@param options.personal false for what is shared with others: the personal config and the host's are left out
@throws Failure (usage)
*/
export async function loadSettings(
	directory: string,
	{flags = [], files = true, personal = true}: {flags?: Sourced[]; files?: boolean; personal?: boolean} = {},
): Promise<Effective> {
	// The folders of the demo host are simulated.
	const folder = files ? resolveFolder(directory, process.cwd()) : resolve(directory);
	const found: {project: string; file?: string} = files ? findProject(folder) : {project: folder};
	const team = found.file === undefined ? [] : await readProjectFile(found.file, process.cwd());
	const own = files && personal ? await loadPersonal() : [];
	const {settings: hostWide, ignored} = files && personal ? await loadHostWide() : {settings: []};
	return {...(await mergeAll(found, [flags, team, own, hostWide])), ...(ignored ? {ignored} : {})};
}

/**
The same for a verb that does its work without: what of it cannot be read is told and left out.

@param options.needs `personal` for a verb that needs the user's own settings, such as a mirror, and none of the project's
@throws Failure (usage) for what is needed
*/
export async function loadReadableSettings(
	directory: string,
	{
		files = true,
		needs = 'none',
		onTrouble,
	}: {files?: boolean; needs?: 'personal' | 'none'; onTrouble: (trouble: Failure) => void},
): Promise<Effective> {
	const folder = resolveFolder(directory, process.cwd());
	if (!files) {
		return mergeAll({project: folder}, []);
	}

	const orTell = async <T>(fallback: T, load: () => T | Promise<T>): Promise<T> => {
		try {
			return await load();
		} catch (error) {
			if (error instanceof Failure) {
				onTrouble(error);
				return fallback;
			}

			throw error;
		}
	};
	const found = await orTell<{project: string; file?: string}>({project: folder}, () => findProject(folder));
	const {file} = found;
	const team = file === undefined ? [] : await orTell([], () => readProjectFile(file, process.cwd()));
	const personal = needs === 'personal' ? await loadPersonal() : await orTell([], loadPersonal);
	const {settings: hostWide, ignored} = await loadHostWide();
	if (ignored) {
		onTrouble(ignored);
	}

	return mergeAll(found, [team, personal, hostWide]);
}

async function mergeAll(found: {project: string; file?: string}, layers: Sourced[][]): Promise<Effective> {
	const winners = merge([...layers, await defaultsFor(found.project)]);
	return {...found, winners, settings: toSettings(winners)};
}

/** A folder's name may have no letter that a box's name can have: then its transliteration is the project's name. */
async function defaultsFor(project: string): Promise<Sourced[]> {
	const name = await toLatin(basename(project));
	return name === undefined
		? defaults
		: [...defaults, {key: 'name', value: name, origin: {place: 'default', where: "the folder's name", base: '/'}}];
}

/** The caller's own defaults and those of the host, without a project. @throws Failure (usage) */
export async function loadPersonalSettings(): Promise<Settings> {
	return toSettings(merge([await loadPersonal(), (await loadHostWide()).settings]));
}

/** The config of the host. What is wrong with it is no reason for anyone's verb to fail, since they cannot correct it. */
export async function loadHostWide(): Promise<{settings: Sourced[]; ignored?: Failure}> {
	if (!existsSync(hostWideFile)) {
		return {settings: []};
	}

	const {readHostWide} = await import('../settings/host-wide.ts');
	try {
		return {settings: await readHostWide()};
	} catch (error) {
		if (error instanceof Failure) {
			return {settings: [], ignored: error};
		}

		throw error;
	}
}

async function loadPersonal(): Promise<Sourced[]> {
	const {config} = findPaths(process.env);
	if (!existsSync(join(config, 'config.json'))) {
		return [];
	}

	const {readPersonal} = await import('../settings/personal.ts');
	return readPersonal(config);
}

/** What a layer on top of an image is built with. */
export function buildSettings({build}: Settings): BuildSettings {
	return {
		...(build?.pipIndexUrl ? {pipIndexUrl: build.pipIndexUrl} : {}),
		...(build?.aptMirror ? {aptMirror: build.aptMirror} : {}),
		...(build?.registryMirror ? {registryMirror: build.registryMirror} : {}),
	};
}
