import type {Binding, Scope} from './keys/binding.ts';
import {generalKeys} from './keys/general-keys.ts';
import {menuKeys} from './keys/overlays/menu-keys.ts';
import {ownKeys} from './keys/overlays/own-keys.ts';
import {paletteKeys} from './keys/overlays/palette-keys.ts';
import {questionKeys} from './keys/overlays/question-keys.ts';
import {setupKeys} from './keys/overlays/setup-keys.ts';
import {typingKeys} from './keys/overlays/typing-keys.ts';
import {commandKeys} from './keys/places/command-keys.ts';
import {doctorKeys} from './keys/places/doctor-keys.ts';
import {eventKeys} from './keys/places/event-keys.ts';
import {helpKeys} from './keys/places/help-keys.ts';
import {hostKeys} from './keys/places/host-keys.ts';
import {imageKeys} from './keys/places/image-keys.ts';
import {inspectKeys} from './keys/places/inspect-keys.ts';
import {listKeys} from './keys/places/list-keys.ts';
import {logKeys} from './keys/places/log-keys.ts';
import {mainKeys} from './keys/places/main-keys.ts';
import {settingKeys} from './keys/places/setting-keys.ts';
import type {Action} from './reduce.ts';

/**
The only definition of what a key does: help, footer and palette are generated from it. The keys of each screen are in a file of its own;
the order is the order of importance in the footer.
*/
export const bindings: Binding[] = [
	...logKeys,
	...mainKeys,
	...inspectKeys,
	...eventKeys,
	...doctorKeys,
	...settingKeys,
	...imageKeys,
	...hostKeys,
	...listKeys,
	...setupKeys,
	...helpKeys,
	...paletteKeys,
	...menuKeys,
	...ownKeys,
	...commandKeys,
	...typingKeys,
	...questionKeys,
	...generalKeys,
];

/** The table of a session, with what the user changed in it. */
export type KeyTable = {bindings: readonly Binding[]; find: (key: string, scope: Scope) => Action | undefined};

export function tableOf(all: readonly Binding[]): KeyTable {
	const byScope = new Map<Scope, Map<string, Action>>();
	for (const {scope, keys, action} of all) {
		const actions = byScope.get(scope) ?? new Map<string, Action>();
		for (const key of keys) {
			actions.set(key, action);
		}

		byScope.set(scope, actions);
	}

	return {bindings: all, find: (key, scope) => byScope.get(scope)?.get(key)};
}

export const standardKeys = tableOf(bindings);

/** The action of a key in these scopes, the nearest first. */
export function actionFor(key: string, scopes: Scope[], table: KeyTable = standardKeys): Action | undefined {
	for (const scope of scopes) {
		const action = table.find(key, scope);
		if (action !== undefined) {
			return action;
		}
	}

	return undefined;
}

/** What only moves, or shows something else. */
const harmless: ReadonlySet<Action['type']> = new Set([
	'select-box',
	'select-gpu',
	'select-process',
	'move-cursor',
	'scroll-box',
	'focus',
	'open-box',
	'open-gpu',
	'scroll',
	'scroll-help',
	'scroll-question',
	'show',
	'tour-step',
] satisfies Array<Action['type']>);

/** More keys than these at once come from no slow line. */
const mostAtOnce = 3;

/** Whether an action only moves, or shows something else. */
export function isMove(action: Action): boolean {
	return (
		harmless.has(action.type) ||
		(action.type === 'setup' && action.does.what === 'move') ||
		(action.type === 'doctor' && ['choose', 'scroll', 'problem', 'command'].includes(action.does.what)) ||
		(action.type === 'list' && ['select-row', 'view'].includes(action.does.type))
	);
}

/** Whether keys that came in one piece only move, or show something else: held arrows, for example. */
export function onlyMove(keys: readonly string[], scopes: Scope[], table: KeyTable = standardKeys): boolean {
	return withoutEscape(keys).every((key) => {
		const action = actionFor(key, scopes, table);
		return action !== undefined && isMove(action);
	});
}

/**
Whether keys that came in one piece may be meant as such: those that only move, or two or three over a slow line. Anything else is text
that was pasted into a terminal without bracketed paste. As Enter never counts together with others, and whatever ends something asks for
it, such text ends nothing either way.
*/
export function areKeys(keys: readonly string[], scopes: Scope[], table: KeyTable = standardKeys): boolean {
	const rest = withoutEscape(keys);
	// Of `sy` the second key answers what the first one asks.
	const isBound = (key: string) => [scopes, ['confirm'] satisfies Scope[]].some((each) => actionFor(key, each, table));
	const few = rest.length <= mostAtOnce && !rest.includes('enter') && rest.every(isBound);
	return rest.length < 2 || few || onlyMove(keys, scopes, table);
}

/** Esc and the next key can come as one. */
function withoutEscape(keys: readonly string[]): readonly string[] {
	return keys.length > 1 && keys[0] === 'escape' ? keys.slice(1) : keys;
}
