import type {Binding} from './binding.ts';

/** The screen of hosts. */
export const hostKeys: Binding[] = [
	{scope: 'hosts', keys: ['up', 'k'], label: '', action: {type: 'select-host', by: -1}},
	{scope: 'hosts', keys: ['down', 'j'], label: '', short: 'choose', action: {type: 'select-host', by: 1}},
	{scope: 'hosts', keys: ['enter'], label: 'Go to it', short: 'go to it', action: {type: 'go-to-host'}},
	{scope: 'hosts', keys: ['y'], label: 'Copy its address', action: {type: 'copy-menu'}},
	{scope: 'hosts', keys: ['escape', 'h'], label: 'Back', short: 'back', action: {type: 'back'}},
];
