import type {Binding} from '../binding.ts';
import {walk} from '../walk-keys.ts';

/** The command log. */
export const commandKeys: Binding[] = [
	...walk('commands', (by) => ({type: 'scroll-commands', by}), {short: 'scroll'}),
	{scope: 'commands', keys: ['escape', 'C'], label: '', short: 'back', action: {type: 'back'}},
];
