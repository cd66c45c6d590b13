import type {Key} from 'ink';
import type {Action} from './reduce.ts';
import type {SetupAction} from './setup/setup.ts';

/** Where key presses go: an open question, a separate screen, or a pane of the main screen. */
export type Scope =
	| 'gpus'
	| 'boxes'
	| 'side'
	| 'main'
	| 'help'
	| 'images'
	| 'hosts'
	| 'setup'
	| 'card'
	| 'field'
	| 'confirm'
	| 'trust'
	| 'anywhere'
	| 'tour';

export type Binding = {
	scope: Scope;
	/** Alternatives; the first is shown. */
	keys: string[];
	/** In the help; empty for keys that the footer shows where they apply, or that everyone expects. */
	label: string;
	/** In the footer; keys without it are only in the help. The order is the order of importance. */
	short?: string;
	action: Action;
};

/** A key for each selectable line: its number, or how many. */
const lineKeys = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '0', 'a'];

const setupBindings: Binding[] = [
	{
		scope: 'setup',
		keys: ['enter'],
		label: '',
		short: 'select',
		action: setup({what: 'take'}),
	},
	{scope: 'setup', keys: ['up', 'k'], label: '', action: setup({what: 'move', by: -1})},
	{
		scope: 'setup',
		keys: ['down', 'j', 'tab'],
		label: '',
		short: 'choose',
		action: setup({what: 'move', by: 1}),
	},
	...lineKeys.map((key): Binding => ({scope: 'setup', keys: [key], label: '', action: setup({what: 'line', key})})),
	{
		scope: 'setup',
		keys: ['escape', 'backspace'],
		label: '',
		short: 'back',
		action: setup({what: 'back'}),
	},

	{scope: 'card', keys: ['o'], label: '', short: 'open', action: setup({what: 'visit'})},
	{scope: 'card', keys: ['u'], label: '', short: 'up', action: {type: 'up'}},
	{scope: 'card', keys: ['enter', 'escape', 'space'], label: '', short: 'done', action: setup({what: 'take'})},

	{scope: 'field', keys: ['enter'], label: '', short: 'select', action: setup({what: 'take'})},
	{scope: 'field', keys: ['escape'], label: '', short: 'back', action: setup({what: 'back'})},
	{scope: 'field', keys: ['ctrl+u'], label: '', short: 'clear', action: setup({what: 'edit', how: 'clear'})},
	{scope: 'field', keys: ['ctrl+w'], label: '', action: setup({what: 'edit', how: 'word'})},
	{scope: 'field', keys: ['left', 'ctrl+b'], label: '', action: setup({what: 'edit', how: 'left'})},
	{scope: 'field', keys: ['right', 'ctrl+f'], label: '', action: setup({what: 'edit', how: 'right'})},
	{scope: 'field', keys: ['home', 'ctrl+a'], label: '', action: setup({what: 'edit', how: 'home'})},
	{scope: 'field', keys: ['end', 'ctrl+e'], label: '', action: setup({what: 'edit', how: 'end'})},
	{scope: 'field', keys: ['backspace', 'ctrl+h'], label: '', action: setup({what: 'edit', how: 'backspace'})},
	{scope: 'field', keys: ['delete', 'ctrl+d'], label: '', action: setup({what: 'edit', how: 'delete'})},
	{scope: 'field', keys: ['ctrl+c'], label: '', short: 'quit', action: {type: 'quit'}},
	{scope: 'field', keys: ['ctrl+z'], label: '', action: {type: 'suspend'}},
];

function setup(does: SetupAction): Action {
	return {type: 'setup', does};
}

/** The only definition of what a key does: help and footer are generated from it. */
export const bindings: Binding[] = [
	{scope: 'main', keys: ['u'], label: "Start this folder's box", short: 'up', action: {type: 'up'}},
	{
		scope: 'main',
		keys: ['n'],
		label: 'Set up this folder',
		short: 'set up',
		action: {type: 'setup', does: {what: 'open'}},
	},
	{scope: 'main', keys: ['a'], label: 'Shell in the box', short: 'attach', action: {type: 'attach'}},
	{scope: 'main', keys: ['o'], label: 'Open Jupyter', short: 'open', action: {type: 'open'}},
	{
		scope: 'main',
		keys: ['s'],
		label: 'Stop (asks) or start',
		short: 'stop',
		action: {type: 'stop-or-start'},
	},
	{scope: 'main', keys: ['l'], label: 'Log of the box', short: 'log', action: {type: 'show', side: 'log'}},
	{
		scope: 'main',
		keys: ['enter'],
		label: 'Details of the box',
		short: 'detail',
		action: {type: 'show', side: 'detail'},
	},
	{scope: 'main', keys: ['x'], label: 'Remove the box (asks)', short: 'remove', action: {type: 'ask-remove'}},
	{scope: 'main', keys: ['f'], label: 'Free idle kernels (asks)', action: {type: 'find-idle-kernels'}},
	{scope: 'main', keys: ['i'], label: 'Images that fit here', short: 'images', action: {type: 'images'}},
	{scope: 'main', keys: ['h'], label: 'Several hosts', action: {type: 'hosts'}},
	{scope: 'main', keys: ['r'], label: 'Return from another host', short: 'return', action: {type: 'return'}},
	{scope: 'main', keys: ['d'], label: 'Try a demo host', short: 'demo', action: {type: 'demo'}},
	{scope: 'main', keys: ['tab'], label: 'Next pane, Shift-Tab back', action: {type: 'focus', by: 1}},
	{scope: 'main', keys: ['shift+tab'], label: '', action: {type: 'focus', by: -1}},
	{scope: 'main', keys: ['escape'], label: 'Dismiss message', action: {type: 'dismiss'}},

	{scope: 'gpus', keys: ['up', 'k'], label: 'GPU above', action: {type: 'select-gpu', by: -1}},
	{scope: 'gpus', keys: ['down', 'j'], label: 'GPU below', action: {type: 'select-gpu', by: 1}},
	{scope: 'boxes', keys: ['up', 'k'], label: 'Box above', action: {type: 'select-box', by: -1}},
	{scope: 'boxes', keys: ['down', 'j'], label: 'Box below', action: {type: 'select-box', by: 1}},
	{scope: 'boxes', keys: ['home', 'g'], label: 'First box', action: {type: 'select-box', by: Number.NEGATIVE_INFINITY}},
	{scope: 'boxes', keys: ['end', 'G'], label: 'Last box', action: {type: 'select-box', by: Number.POSITIVE_INFINITY}},
	{scope: 'side', keys: ['up', 'k'], label: 'A line up', action: {type: 'scroll', by: -1, unit: 'line'}},
	{scope: 'side', keys: ['down', 'j'], label: 'A line down', action: {type: 'scroll', by: 1, unit: 'line'}},
	{scope: 'main', keys: ['pageup', 'b'], label: 'Log: a page up', action: {type: 'scroll', by: -1, unit: 'page'}},
	{
		scope: 'main',
		keys: ['pagedown', 'space'],
		label: 'Log: a page down',
		action: {type: 'scroll', by: 1, unit: 'page'},
	},
	{
		scope: 'side',
		keys: ['home', 'g'],
		label: 'First line',
		action: {type: 'scroll', by: Number.NEGATIVE_INFINITY, unit: 'line'},
	},
	{
		scope: 'side',
		keys: ['end', 'G'],
		label: 'Last line, follow',
		action: {type: 'scroll', by: Number.POSITIVE_INFINITY, unit: 'line'},
	},

	{scope: 'images', keys: ['up', 'k'], label: 'Image above', action: {type: 'select-image', by: -1}},
	{scope: 'images', keys: ['down', 'j'], label: 'Image below', action: {type: 'select-image', by: 1}},
	{scope: 'images', keys: ['pageup', 'b'], label: 'Ten images up', action: {type: 'select-image', by: -10}},
	{scope: 'images', keys: ['pagedown', 'space'], label: 'Ten images down', action: {type: 'select-image', by: 10}},
	{
		scope: 'images',
		keys: ['u', 'enter'],
		label: 'Start box with this image',
		short: 'up',
		action: {type: 'up-with-image'},
	},
	{scope: 'images', keys: ['p'], label: 'Pull it', short: 'pull', action: {type: 'pull-image'}},
	{scope: 'images', keys: ['escape', 'i'], label: 'Back', short: 'back', action: {type: 'back'}},
	{scope: 'hosts', keys: ['up', 'k'], label: '', action: {type: 'select-host', by: -1}},
	{scope: 'hosts', keys: ['down', 'j'], label: '', short: 'choose', action: {type: 'select-host', by: 1}},
	{scope: 'hosts', keys: ['enter'], label: 'Go to it', short: 'go to it', action: {type: 'go-to-host'}},
	{scope: 'hosts', keys: ['escape', 'h'], label: 'Back', short: 'back', action: {type: 'back'}},
	...setupBindings,
	{scope: 'help', keys: ['up', 'k'], label: 'A line up', action: {type: 'scroll-help', by: -1}},
	{scope: 'help', keys: ['down', 'j'], label: 'A line down', action: {type: 'scroll-help', by: 1}},
	{scope: 'help', keys: ['escape', '?', 'enter', 'space'], label: 'Back', short: 'back', action: {type: 'back'}},

	{scope: 'confirm', keys: ['y'], label: 'Yes, then Enter', short: 'yes', action: {type: 'arm'}},
	{scope: 'confirm', keys: ['enter'], label: '', action: {type: 'answer', yes: true}},
	{scope: 'confirm', keys: ['n', 'escape', 'q'], label: 'No', short: 'no', action: {type: 'answer', yes: false}},
	{scope: 'confirm', keys: ['ctrl+c'], label: 'Leave', action: {type: 'quit'}},
	{scope: 'confirm', keys: ['ctrl+z'], label: '', action: {type: 'suspend'}},

	{scope: 'trust', keys: ['down', 'j'], label: '', short: 'scroll', action: {type: 'scroll-question', by: 1}},
	{scope: 'trust', keys: ['up', 'k'], label: '', action: {type: 'scroll-question', by: -1}},
	{scope: 'trust', keys: ['pagedown', 'space'], label: '', action: {type: 'scroll-question', by: 10}},
	{scope: 'trust', keys: ['pageup', 'b'], label: '', action: {type: 'scroll-question', by: -10}},

	{scope: 'anywhere', keys: ['c'], label: 'Cancel task (asks)', short: 'cancel', action: {type: 'ask-cancel'}},
	{scope: 'anywhere', keys: ['?'], label: 'This help', short: 'help', action: {type: 'help'}},
	{scope: 'tour', keys: ['t'], label: 'Leave or resume the tour', short: 'tour', action: {type: 'tour'}},
	{scope: 'tour', keys: ['right'], label: 'Next step of the tour', action: {type: 'tour-step', by: 1}},
	{scope: 'tour', keys: ['left'], label: 'Previous step of the tour', action: {type: 'tour-step', by: -1}},

	{scope: 'anywhere', keys: ['q'], label: 'Leave', short: 'quit', action: {type: 'ask-quit'}},
	{scope: 'anywhere', keys: ['ctrl+c'], label: 'Leave at once', action: {type: 'quit'}},
	{scope: 'anywhere', keys: ['ctrl+z'], label: 'Suspend; fg returns', action: {type: 'suspend'}},
];

const byScope = new Map<Scope, Map<string, Action>>();
for (const {scope, keys, action} of bindings) {
	const actions = byScope.get(scope) ?? new Map<string, Action>();
	for (const key of keys) {
		actions.set(key, action);
	}

	byScope.set(scope, actions);
}

/** The action of a key in these scopes, the nearest first. */
export function actionFor(key: string, scopes: Scope[]): Action | undefined {
	for (const scope of scopes) {
		const action = byScope.get(scope)?.get(key);
		if (action !== undefined) {
			return action;
		}
	}

	return undefined;
}

const named: Array<[keyof Key, string]> = [
	['upArrow', 'up'],
	['downArrow', 'down'],
	['leftArrow', 'left'],
	['rightArrow', 'right'],
	['pageUp', 'pageup'],
	['pageDown', 'pagedown'],
	['home', 'home'],
	['end', 'end'],
	['return', 'enter'],
	['escape', 'escape'],
	['backspace', 'backspace'],
	['delete', 'delete'],
];

/**
The keys in one piece of input, by name. Held keys and slow lines deliver several at once (`jjj`, `j\rk`), so input that is not a single
special key is split.
*/
export function keysOf(input: string, key: Key): string[] {
	if (key.tab) {
		return [key.shift ? 'shift+tab' : 'tab'];
	}

	for (const [flag, name] of named) {
		if (key[flag] === true) {
			return [name];
		}
	}

	if (key.ctrl) {
		return [`ctrl+${input}`];
	}

	const keys = [...input].map(keyOfCharacter);
	// No binding uses Alt, but Esc immediately followed by a key looks the same.
	return key.meta ? ['escape', ...keys] : keys;
}

function keyOfCharacter(character: string): string {
	switch (character) {
		case '\r':
		case '\n': {
			return 'enter';
		}

		case '\t': {
			return 'tab';
		}

		case ' ': {
			return 'space';
		}

		case '\u007F': {
			return 'backspace';
		}

		default: {
			// Ctrl with a letter is that letter's place in the alphabet.
			return character < ' ' ? `ctrl+${String.fromCharCode(character.charCodeAt(0) + 0x60)}` : character;
		}
	}
}

/** The character that a key stands for where text is typed; undefined for one that moves or deletes. */
export function characterOf(key: string): string | undefined {
	if (key === 'space') {
		return ' ';
	}

	const [character, ...others] = key;
	return others.length === 0 && character !== undefined && !/\p{C}/u.test(character) ? character : undefined;
}

const shownKeys: Record<string, string> = {
	up: '↑',
	down: '↓',
	left: '←',
	right: '→',
	enter: '⏎',
	escape: 'Esc',
	tab: 'Tab',
	'shift+tab': 'Shift-Tab',
	pageup: 'PgUp',
	pagedown: 'PgDn',
	space: 'Space',
	home: 'Home',
	end: 'End',
};

/** A key for display. */
export function shownKey(key: string): string {
	return shownKeys[key] ?? key.replace(/^ctrl\+(.)$/, (_, letter: string) => `Ctrl-${letter.toUpperCase()}`);
}

/** What only moves, or shows something else. */
const harmless: ReadonlySet<Action['type']> = new Set([
	'select-box',
	'select-gpu',
	'select-image',
	'select-host',
	'focus',
	'scroll',
	'scroll-help',
	'scroll-question',
	'show',
	'tour-step',
] satisfies Array<Action['type']>);

/** More keys than these at once come from no slow line. */
const mostAtOnce = 3;

/** Whether keys that came in one piece only move, or show something else: held arrows, for example. */
export function onlyMove(keys: readonly string[], scopes: Scope[]): boolean {
	return withoutEscape(keys).every((key) => {
		const action = actionFor(key, scopes);
		return (
			action !== undefined && (harmless.has(action.type) || (action.type === 'setup' && action.does.what === 'move'))
		);
	});
}

/**
Whether keys that came in one piece may be meant as such: those that only move, or two or three over a slow line. Anything else is text
that was pasted into a terminal without bracketed paste. As Enter never counts together with others, and whatever ends something asks for
it, such text ends nothing either way.
*/
export function areKeys(keys: readonly string[], scopes: Scope[]): boolean {
	const rest = withoutEscape(keys);
	// Of `sy` the second key answers what the first one asks.
	const isBound = (key: string) => [scopes, ['confirm'] satisfies Scope[]].some((each) => actionFor(key, each));
	const few = rest.length <= mostAtOnce && !rest.includes('enter') && rest.every(isBound);
	return rest.length < 2 || few || onlyMove(keys, scopes);
}

/** Esc and the next key can come as one. */
function withoutEscape(keys: readonly string[]): readonly string[] {
	return keys.length > 1 && keys[0] === 'escape' ? keys.slice(1) : keys;
}
