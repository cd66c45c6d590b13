import type {Binding} from '../binding.ts';
import {walk} from '../walk-keys.ts';

/** The screen of hosts. */
export const hostKeys: Binding[] = [
	...walk('hosts', (by) => ({type: 'select-host', by}), {short: 'choose'}),
	{scope: 'hosts', keys: ['enter'], label: 'Go to it', short: 'go to it', action: {type: 'go-to-host'}},
	{scope: 'hosts', keys: ['y'], label: 'Copy its address', action: {type: 'copy-menu'}},
	{scope: 'hosts', keys: ['escape', 'h'], label: 'Back', short: 'back', action: {type: 'back'}},
];
