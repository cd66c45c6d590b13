/** The key table with what the user changed in it. */
import {mostSimilar} from '../../../text/match/similar.ts';
import {safeText} from '../../../text/safe.ts';
import type {Binding, Scope} from '../keys/binding.ts';
import {shownKey} from '../keys/key-names.ts';
import {actionName, actionNames} from './action-names.ts';
import type {OwnFault} from './own-commands.ts';

/** Keys that a terminal sends as another one, and those with which one always gets away. */
const keptKeys = /^ctrl\+[chijmz]$/;

/**
A key as the settings name it (`K`, `space`, `ctrl+r`), in the name that the key table has for it.

@returns undefined for one that a terminal does not send, or that stays what it is
*/
export function keyFromSetting(text: string): string | undefined {
	if (/^space$/i.test(text)) {
		return 'space';
	}

	const [, letter] = /^(?:ctrl|c)[+-]([a-z])$/i.exec(text) ?? [];
	if (letter !== undefined) {
		const key = `ctrl+${letter.toLowerCase()}`;
		return keptKeys.test(key) ? undefined : key;
	}

	const [character, ...rest] = text;
	return rest.length === 0 && character !== undefined && /^[^\p{C}\p{Z}\p{M}]$/u.test(character)
		? character
		: undefined;
}

/** Arrows, Enter, Esc and the numbers of the screens stay. */
function isReplaced(key: string): boolean {
	return key === 'space' || key.startsWith('ctrl+') || (key.length === 1 && !/\d/.test(key));
}

const questions: readonly Scope[] = ['confirm', 'trust'];
const typed: readonly Scope[] = ['log-prompt', 'filter', 'palette', 'field', 'typing', 'own-prompt'];
const families: ReadonlyArray<readonly Scope[]> = [
	['gpus', 'boxes', 'side', 'main', 'log', 'log-found', 'log-chosen', 'log-arrows', 'log-whole'],
	['containers', 'processes', 'people', 'images', 'disk', 'hosts', 'settings', 'events', 'commands', 'list'],
	['setting', 'choice', 'typing'],
	questions,
	typed,
];
/** Of everywhere but where a text is typed or something is asked. */
const general: readonly Scope[] = ['anywhere', 'views', 'own', 'tour'];

/** Whether the keys of two scopes can mean something at the same time: those that `scopesOf` ever names together do. */
export function meet(a: Scope, b: Scope): boolean {
	return (
		a === b || families.some((family) => family.includes(a) && family.includes(b)) || isOpenTo(a, b) || isOpenTo(b, a)
	);
}

function isOpenTo(scope: Scope, other: Scope): boolean {
	return general.includes(scope) && !typed.includes(other) && !questions.includes(other);
}

/** What else has the key where the binding is; undefined where it is free. */
export function takenBy(key: string, binding: Pick<Binding, 'scope'>, table: readonly Binding[]): Binding | undefined {
	return table.find((other) => other !== binding && other.keys.includes(key) && meet(binding.scope, other.scope));
}

export function taken(where: string, key: string, by: Binding): OwnFault {
	const name = actionName(by.action);
	const label = by.label || by.short || 'another key of that screen';
	return {
		where,
		message: `${where}: ${shownKey(key)} is taken by "${label}".`,
		fix: name === undefined ? 'Choose another key.' : `Choose another key, or move that one first: keys.${name}`,
	};
}

type Entry = {name: string; key: string | undefined};

/**
The table with the keys that the user has chosen. An entry with a fault counts for nothing, and the others do. Pure.

@param given names of actions with their keys; `none` takes the key away, and the action stays in the palette
*/
export function withOwnKeys(
	standard: readonly Binding[],
	given: Readonly<Record<string, unknown>>,
): {bindings: Binding[]; faults: OwnFault[]} {
	const faults: OwnFault[] = [];
	let entries = Object.entries(given).flatMap(([name, value]): Entry[] => {
		const entry = entryOf(name, value);
		if ('message' in entry) {
			faults.push(entry);
			return [];
		}

		return [entry];
	});
	for (;;) {
		const bindings = rebound(standard, entries);
		const clash = firstClash(bindings, entries);
		if (clash === undefined) {
			return {bindings, faults};
		}

		faults.push(clash.fault);
		entries = entries.filter((entry) => entry !== clash.entry);
	}
}

function entryOf(name: string, value: unknown): Entry | OwnFault {
	const where = `keys.${safeText(name).slice(0, 40)}`;
	if (!actionNames.includes(name)) {
		const similar = mostSimilar(name, [...actionNames]);
		return {
			where,
			message: `${where}: there is no such action.`,
			fix: similar === undefined ? `Actions: ${actionNames.join(', ')}` : `Did you mean keys.${similar}?`,
		};
	}

	if (value === 'none') {
		return {name, key: undefined};
	}

	const text = typeof value === 'string' || typeof value === 'number' ? String(value) : '';
	const key = keyFromSetting(text);
	return key === undefined
		? {
				where,
				message: `${where}: ${text === '' ? 'this' : `"${safeText(text).slice(0, 20)}"`} is not a key that can be typed here.`,
				fix: 'A character such as K, or space, ctrl+r (but not ctrl+c, h, i, j, m, z), or none.',
			}
		: {name, key};
}

function rebound(standard: readonly Binding[], entries: readonly Entry[]): Binding[] {
	const keys = new Map(entries.map(({name, key}) => [name, key]));
	return standard.map((binding) => {
		const name = actionName(binding.action);
		if (name === undefined || !keys.has(name) || !binding.keys.some(isReplaced)) {
			return binding;
		}

		const own = keys.get(name);
		return {...binding, keys: [...(own === undefined ? [] : [own]), ...binding.keys.filter((key) => !isReplaced(key))]};
	});
}

/** Of the last entry that takes a key away from another. */
function firstClash(
	bindings: readonly Binding[],
	entries: readonly Entry[],
): {entry: Entry; fault: OwnFault} | undefined {
	for (const entry of entries.toReversed()) {
		const {name, key} = entry;
		for (const binding of key === undefined ? [] : bindings.filter(({action}) => actionName(action) === name)) {
			const others = bindings.filter(({action}) => actionName(action) !== name);
			const by = key !== undefined && binding.keys.includes(key) ? takenBy(key, binding, others) : undefined;
			if (by !== undefined && key !== undefined) {
				return {entry, fault: taken(`keys.${name}`, key, by)};
			}
		}
	}

	return undefined;
}
