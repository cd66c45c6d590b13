import {existsSync} from 'node:fs';
import {type Effective, loadSettings} from '../app/load-settings.ts';
import {valueInWords} from '../app/own-settings.ts';
import {readTemplate} from '../base/templates.ts';
import {findPaths} from '../host/user.ts';
import {changeSetting} from '../session/state/own/change-setting.ts';
import {allSettings} from '../settings/describe.ts';
import {hostWideFile} from '../settings/file.ts';
import {type Sourced, toSettings} from '../settings/merge.ts';
import {findPersonal, personalFile, personalSettings, readPersonal} from '../settings/personal.ts';
import {safeJson, safeText} from '../text/safe.ts';
import {printJson} from './output/json.ts';
import {tableFor} from './output/table.ts';
import {tellTrouble} from './output/tell-trouble.ts';

export type ConfigOptions = {
	json?: true | undefined;
	unset?: true | undefined;
	showOrigin?: true | undefined;
	schema?: true | undefined;
	wide?: true | undefined;
};

/** `gpubox config`: personal defaults, and with `--show-origin` the effective settings of this folder and their origin. */
export async function config(
	key: string | undefined,
	value: string | undefined,
	options: ConfigOptions,
): Promise<void> {
	const directory = findPaths(process.env).config;
	if (options.schema) {
		process.stdout.write(readTemplate('gpubox.schema.json'));
	} else if (options.showOrigin) {
		const effective = await loadSettings('.');
		if (effective.ignored) {
			tellTrouble(effective.ignored);
		}

		await showOrigins(effective, key, options);
	} else if (key !== undefined && (options.unset || value !== undefined)) {
		await changeSetting(key, options.unset ? undefined : value);
	} else {
		await showPersonal(await readPersonal(directory), key, options, personalFile(directory));
	}
}

async function showPersonal(
	personal: Sourced[],
	key: string | undefined,
	options: ConfigOptions,
	path: string,
): Promise<void> {
	if (key !== undefined) {
		const setting = findPersonal(key);
		const found = select(personal, setting.key === key || setting.kind !== 'map' ? setting.key : key);
		process.stdout.write(options.json ? `${safeJson(found)}\n` : `${valueInWords(found)}\n`);
		return;
	}

	if (options.json) {
		printJson(toSettings(personal));
		return;
	}

	const rows = personalSettings().map((setting) => [
		setting.key,
		valueInWords(select(personal, setting.key)) || '-',
		setting.says,
	]);
	const hostWide = existsSync(hostWideFile)
		? `Where you set nothing, ${hostWideFile} counts: gpubox config --show-origin\n`
		: '';
	process.stdout.write(
		`${await tableFor(['key', 'value', 'meaning'], rows, {wide: options.wide, whole: 'gpubox config --wide'})}\n\nSaved in ${safeText(path)}\n${hostWide}`,
	);
}

async function showOrigins({file, winners}: Effective, key: string | undefined, options: ConfigOptions): Promise<void> {
	const order = allSettings().map((setting) => setting.key);
	const shown = winners
		.filter((winner) => key === undefined || winner.key === key || winner.key.startsWith(`${key}.`))
		.toSorted((a, b) => rank(order, a.key) - rank(order, b.key));
	if (options.json) {
		printJson({
			file: file ?? null,
			settings: shown.map(({key: name, value, origin}) => ({
				key: name,
				value,
				place: origin.place,
				origin: origin.where,
			})),
		});
		return;
	}

	const rows = shown.map(({key: name, value, origin}) => [
		name,
		valueInWords(value),
		origin.place === 'personal'
			? `${origin.where} (yours)`
			: origin.place === 'host'
				? `${origin.where} (this host's)`
				: origin.where,
	]);
	process.stdout.write(
		`${await tableFor(['key', 'value', 'from'], rows, {
			wide: options.wide,
			whole: 'gpubox config --show-origin --wide',
		})}\n`,
	);
}

/** `env.SEED` is sorted as `env` is. */
function rank(order: string[], key: string): number {
	return order.findIndex((name) => key === name || key.startsWith(`${name}.`));
}

/** The value of a key: a list and a map whole. */
function select(settings: Sourced[], key: string): unknown {
	return key
		.split('.')
		.reduce<unknown>(
			(inner, name) => (inner as Record<string, unknown> | undefined)?.[name],
			toSettings(settings.filter((one) => one.key === key || one.key.startsWith(`${key}.`))),
		);
}
