import type {Binding} from './binding.ts';

/** The command log. */
export const commandKeys: Binding[] = [
	{scope: 'commands', keys: ['up', 'k'], label: '', short: 'scroll', action: {type: 'scroll-commands', by: -1}},
	{scope: 'commands', keys: ['down', 'j'], label: '', action: {type: 'scroll-commands', by: 1}},
	{scope: 'commands', keys: ['pageup', 'b'], label: '', action: {type: 'scroll-commands', by: -10}},
	{scope: 'commands', keys: ['pagedown', 'space'], label: '', action: {type: 'scroll-commands', by: 10}},
	{scope: 'commands', keys: ['escape', 'C'], label: '', short: 'back', action: {type: 'back'}},
];
