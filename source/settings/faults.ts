/** Finds mistakes in settings, as messages with the path at fault. */
import * as v from 'valibot';
import {mostSimilar} from '../text/match/similar.ts';
import {safeText} from '../text/safe.ts';
import {allSettings, itemOf, kindOf, type Schema, type SettingInfo, sectionEntries, valueMeta} from './describe.ts';
import {explainKey, explainMount, explainValue, explainVariable} from './elsewhere.ts';
import {schema} from './schema.ts';

/** The path of a value inside a file: names of sections, indexes of lists. */
export type Path = Array<string | number>;

/** `at`: whether the name or the value is at fault. */
export type Fault = {path: Path; at: 'key' | 'value'; message: string; hint: string};

/** What kind of file it is: a project's, the user's own or the host's. */
export type FilePlace = 'gpubox.yaml' | 'personal' | 'host';

const isVariable = /^[A-Za-z_]\w*$/;

/** All faults of a file's content, in no order. */
export function findFaults(
	value: Record<string, unknown>,
	place: FilePlace,
	isFolder: (name: string) => boolean,
): Fault[] {
	const misplaced = unknownKeys(schema, value, [], place);
	// To the library a list is a section, too: it would complain of the methods that lists have.
	const unsectioned = noSections(schema, value, []);
	const foreign = fromOtherFiles(value, isFolder);
	// The value of a setting that is not allowed there is not checked, and nothing is told twice.
	const isTold = (path: Path) =>
		[...misplaced, ...unsectioned, ...foreign].some((fault) => fault.path.every((step, depth) => step === path[depth]));
	const rest = wrongValues(without(value, unsectioned)).filter(({path}) => !isTold(path));
	return [...misplaced, ...unsectioned.filter(({path}) => !within(path, misplaced)), ...foreign, ...rest];
}

function within(path: Path, faults: readonly Fault[]): boolean {
	return faults.some((fault) => fault.path.every((step, depth) => step === path[depth]));
}

/** Sections in the place of which something else stands. */
function noSections(node: Schema, value: Record<string, unknown>, path: Path): Fault[] {
	return Object.entries(sectionEntries(node) ?? {}).flatMap(([name, entry]) => {
		const inner = Object.hasOwn(value, name) ? value[name] : undefined;
		const isMap = kindOf(entry) === 'map' && Array.isArray(inner);
		if (inner === undefined || (sectionEntries(entry) === undefined && !isMap)) {
			return [];
		}

		const here = [...path, name];
		return isRecord(inner)
			? noSections(entry, inner, here)
			: [
					{
						path: here,
						at: 'value' as const,
						message: `${nameOf(here)} must be ${wantsOf(entry)}, not ${plainly(inner)}.`,
						hint: explainValue(nameOf(here), inner),
					},
				];
	});
}

function without(value: Record<string, unknown>, faults: readonly Fault[]): Record<string, unknown> {
	return Object.fromEntries(
		Object.entries(value).flatMap(([key, inner]) => {
			const below = faults.filter(({path}) => path[0] === key);
			if (below.some(({path}) => path.length === 1)) {
				return [];
			}

			const deeper = below.map((fault) => ({...fault, path: fault.path.slice(1)}));
			return [[key, isRecord(inner) && deeper.length > 0 ? without(inner, deeper) : inner]];
		}),
	);
}

/** Lines that mean something else to docker and compose, in the settings that all of them have. */
function fromOtherFiles({mounts, env}: Record<string, unknown>, isFolder: (name: string) => boolean): Fault[] {
	const told = (path: Path, found: {message: string; hint: string} | undefined): Fault[] =>
		found === undefined
			? []
			: [{path, at: 'value', message: `${nameOf(path)}: ${safeText(found.message)}`, hint: safeText(found.hint)}];
	return [
		...(Array.isArray(mounts)
			? mounts.flatMap((mount, index) => told(['mounts', index], explainMount(mount, isFolder)))
			: []),
		...(isRecord(env)
			? Object.entries(env).flatMap(([name, value]) => told(['env', name], explainVariable(name, value)))
			: []),
	];
}

/** A section or list with every line commented out is not a mistake. */
export function withoutEmpty(node: Schema, value: Record<string, unknown>): Record<string, unknown> {
	const entries = sectionEntries(node) ?? {};
	return Object.fromEntries(
		Object.entries(value).flatMap(([key, inner]) => {
			const entry = Object.hasOwn(entries, key) ? entries[key] : undefined;
			const isSection = entry !== undefined && sectionEntries(entry) !== undefined;
			if (inner === null && entry !== undefined && (isSection || kindOf(entry) !== 'value')) {
				return [];
			}

			return [[key, isSection && isRecord(inner) ? withoutEmpty(entry, inner) : inner]];
		}),
	);
}

function unknownKeys(node: Schema, value: Record<string, unknown>, path: Path, place: FilePlace): Fault[] {
	const entries = sectionEntries(node) ?? {};
	return Object.entries(value).flatMap(([name, inner]) => {
		const here = [...path, name];
		const key = safeText(here.join('.')).slice(0, 80);
		const entry = Object.hasOwn(entries, name) ? entries[name] : undefined;
		if (!entry) {
			return [
				{
					path: here,
					at: 'key',
					message: `Unknown setting "${key}".`,
					hint: (path.length === 0 ? explainKey(name) : undefined) ?? didYouMean(name, path, Object.keys(entries)),
				},
			];
		}

		const known = allSettings().find((setting) => setting.key === key);
		if (place !== 'gpubox.yaml' && known && !known.personal) {
			return [{path: here, at: 'key', message: `"${key}" is a project setting.`, hint: 'Set it in gpubox.yaml.'}];
		}

		if (place === 'gpubox.yaml' && known?.onlyPersonal) {
			return [
				{
					path: here,
					at: 'key',
					message: `"${key}" cannot be set in a project.`,
					hint: `Each user sets it: ${howToSet(known)}`,
				},
			];
		}

		return sectionEntries(entry) && isRecord(inner) ? unknownKeys(entry, inner, here, place) : [];
	});
}

function howToSet({key, kind, example}: SettingInfo): string {
	if (kind === 'map') {
		return `gpubox config ${key}.${example.replace(/[{}:]/g, '')}`;
	}

	return example.startsWith('[{')
		? 'in the file that gpubox config names'
		: `gpubox config ${key} ${kind === 'list' ? example.replace(/^\[|\s|\]$/g, '') : example}`;
}

/** A neighbour of nearly the same name, else a setting of that name elsewhere: `memory` is `limits.memory`. */
function didYouMean(name: string, path: Path, neighbours: string[]): string {
	const keys = allSettings().map(({key}) => key);
	const neighbour = mostSimilar(name, neighbours);
	const meant =
		keys.find((key) => lastName(key) === name) ??
		(neighbour === undefined ? similarKey(name, keys) : [...path, neighbour].join('.'));
	return meant ? `Did you mean "${meant}"?` : `Known settings: ${neighbours.join(', ')}`;
}

/** The dotted key that was probably meant: similar as a whole, or in its last name. */
export function similarKey(name: string, keys: string[]): string | undefined {
	const last = mostSimilar(name, keys.map(lastName));
	return mostSimilar(name, keys) ?? keys.find((key) => lastName(key) === last);
}

function lastName(key: string): string {
	return key.split('.').at(-1) ?? key;
}

function wrongValues(value: Record<string, unknown>): Fault[] {
	const {issues} = v.safeParse(schema, value, {abortPipeEarly: true});
	return (issues ?? []).flatMap((issue) => {
		const path = (issue.path ?? []).map(({key}) => key as string | number);
		return issue.type === 'strict_object' && issue.expected === 'never' ? [] : [judge(path, value)];
	});
}

/** The message for a mistake at a path of the schema. The path may continue into a value: the message names the setting. */
function judge(path: Path, whole: unknown): Fault {
	let node: Schema = schema;
	let value = whole;
	const walked: Path = [];
	for (const step of path) {
		const entry = sectionEntries(node)?.[step];
		const isItem = entry === undefined && kindOf(node) !== 'value' && node !== itemOf(node);
		if (entry === undefined && !isItem) {
			break;
		}

		node = entry ?? itemOf(node);
		value = (value as Record<string | number, unknown>)[step];
		walked.push(step);
		if (isItem) {
			return typeof step === 'string' && !isVariable.test(step)
				? fault(
						walked,
						'key',
						`${nameOf(walked.slice(0, -1))}: "${safeText(step).slice(0, 60)}" is not a valid name for a variable.`,
					)
				: fault(
						walked,
						'value',
						`${nameOf(walked)} must be ${valueMeta(node).wants}, not ${walked[0] === 'secrets' ? 'a value' : plainly(value)}.`,
					);
		}
	}

	return {
		...fault(walked, 'value', `${nameOf(walked)} must be ${wantsOf(node)}, not ${plainly(value)}.`),
		hint: explainValue(nameOf(walked), value),
	};
}

function fault(path: Path, at: Fault['at'], message: string): Fault {
	return {path, at, message, hint: ''};
}

function wantsOf(node: Schema): string {
	const entries = sectionEntries(node);
	if (entries) {
		return `a section with ${Object.keys(entries).join(', ')}`;
	}

	const {wants} = valueMeta(node);
	const kind = kindOf(node);
	return kind === 'list'
		? `a list, each item ${wants}`
		: kind === 'map'
			? 'a section of lines such as SEED: 42'
			: wants;
}

/** A value for messages: its kind when it is large, the value itself when it is small. */
export function plainly(value: unknown): string {
	if (value === null || value === undefined || value === '') {
		return 'nothing';
	}

	if (Array.isArray(value)) {
		return value.length === 0 ? 'an empty list' : 'a list';
	}

	return typeof value === 'object'
		? 'a section'
		: JSON.stringify(safeText(String(value)).slice(0, 60)).replace(
				/^"(.*)"$/,
				typeof value === 'string' ? '"$1"' : '$1',
			);
}

function nameOf(path: Path): string {
	return path
		.map((step, index) => (typeof step === 'number' ? `[${step}]` : `${index > 0 ? '.' : ''}${step}`))
		.join('');
}

export function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}
