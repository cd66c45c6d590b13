import type {Binding} from '../binding.ts';

/** The screen of hosts, beside the keys of every list. */
export const hostKeys: Binding[] = [
	{scope: 'hosts', keys: ['enter'], label: 'Go to it', short: 'go to it', action: {type: 'go-to-host'}},
	{scope: 'hosts', keys: ['y'], label: 'Copy its address', action: {type: 'copy-menu'}},
	{scope: 'hosts', keys: ['h'], label: 'Back', action: {type: 'back'}},
];
