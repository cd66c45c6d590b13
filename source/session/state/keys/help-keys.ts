import type {Binding} from './binding.ts';

/** The help. */
export const helpKeys: Binding[] = [
	{scope: 'help', keys: ['up', 'k'], label: 'A line up', action: {type: 'scroll-help', by: -1}},
	{scope: 'help', keys: ['down', 'j'], label: 'A line down', action: {type: 'scroll-help', by: 1}},
	{scope: 'help', keys: ['escape', '?', 'enter', 'space'], label: 'Back', short: 'back', action: {type: 'back'}},
];
