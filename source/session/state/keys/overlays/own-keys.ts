import type {Binding} from '../binding.ts';

/** A prompt of the user's own command. The commands themselves come from the settings. */
export const ownKeys: Binding[] = [
	{
		scope: 'own-prompt',
		keys: ['enter'],
		label: '',
		short: 'enter',
		action: {type: 'own-prompt', does: {what: 'enter'}},
	},
	{
		scope: 'own-prompt',
		keys: ['escape'],
		label: '',
		short: 'back',
		action: {type: 'own-prompt', does: {what: 'close'}},
	},
];
