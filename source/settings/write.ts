/** Writes a self-explanatory gpubox.yaml: the answers are set, the other settings are commented out, one line each. */
import {stringify} from 'yaml';
import {allSettings, type SettingInfo} from './describe.ts';
import type {Settings} from './schema.ts';

/**
@param settings what to set
@param schemaAddress where editors find the JSON Schema; no line for them without it
@returns the text of the file; reading it gives `settings` back, and taking a "# " off any line or section leaves it valid
*/
export function writeProjectFile(settings: Settings, {schemaAddress}: {schemaAddress?: string} = {}): string {
	const sections = new Map<string, SettingInfo[]>();
	for (const setting of allSettings().filter(({key, onlyPersonal}) => key !== '$schema' && !onlyPersonal)) {
		const section = setting.key.split('.')[0] ?? setting.key;
		sections.set(section, [...(sections.get(section) ?? []), setting]);
	}

	return [
		...(schemaAddress ? [`# yaml-language-server: $schema=${schemaAddress}`] : []),
		"# The settings of this project's boxes. To start one: `gpubox up` in this folder or below it.",
		'# To see the effective settings and their origin: `gpubox config --show-origin`.',
		'',
		...[...sections].flatMap(([name, members]) => [...writeSection(name, members, settings), '']),
	]
		.join('\n')
		.replace(/\n+$/, '\n');
}

function writeSection(name: string, members: SettingInfo[], settings: Settings): string[] {
	const [first] = members;
	if (first?.key === name) {
		return writeSetting(name, first, valueAt(settings, name));
	}

	const lines = members.flatMap((member) =>
		writeSetting(member.key.slice(name.length + 1), member, valueAt(settings, member.key)),
	);
	const isSet = lines.some((line) => !line.startsWith('#'));
	return isSet
		? [`${name}:`, ...lines.map((line) => `  ${line}`)]
		: [`# ${name}:`, ...lines.map((line) => `#   ${line.slice(2)}`)];
}

function writeSetting(name: string, {key, says, example}: SettingInfo, value: unknown): string[] {
	if (value === undefined || (Array.isArray(value) && value.length === 0)) {
		return [`# ${name}: ${example}  # ${says}`];
	}

	// A line of its own for the comment: behind a block of several lines there is no good place.
	return [
		`# ${says}`,
		// How many is a number for who reads the file, though text for who reads the setting.
		...stringify({[name]: key === 'gpus' && /^\d+$/.test(String(value)) ? Number(value) : value}, {lineWidth: 0})
			// Not trimEnd: a value may end in a blank that YAML does not take for one.
			.replace(/\n$/, '')
			.split('\n'),
	];
}

function valueAt(settings: Settings, key: string): unknown {
	return key
		.split('.')
		.reduce<unknown>((inner, name) => (inner as Record<string, unknown> | undefined)?.[name], settings);
}
