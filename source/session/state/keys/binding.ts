import type {ListName} from '../lists/reduce-lists.ts';
import type {Action} from '../reduce.ts';

/** Where key presses go: an open question, a separate screen, or a pane of the main screen. */
export type Scope =
	| 'gpus'
	| 'boxes'
	| 'side'
	| 'main'
	| 'help'
	| 'gpu'
	| 'log'
	| 'log-whole'
	| 'log-chosen'
	| 'log-found'
	| 'log-arrows'
	| 'log-prompt'
	| 'box'
	| 'views'
	| ListName
	| 'list'
	| 'filter'
	| 'events'
	| 'doctor'
	| 'setting'
	| 'choice'
	| 'commands'
	| 'palette'
	| 'menu'
	| 'setup'
	| 'card'
	| 'field'
	| 'typing'
	| 'confirm'
	| 'trust'
	| 'own'
	| 'own-prompt'
	| 'anywhere'
	| 'tour';

/** A key as the footer shows it. */
export type Hint = {
	key: string;
	label: string;
	/** Among the last to go where there is little room: the way back. */
	stays?: true;
};

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
