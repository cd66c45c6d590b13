import type {Binding} from './binding.ts';

/** The list of what happened. */
export const eventKeys: Binding[] = [
	{scope: 'events', keys: ['up', 'k'], label: 'A line up', action: {type: 'scroll-events', by: -1}},
	{scope: 'events', keys: ['down', 'j'], label: 'A line down', short: 'scroll', action: {type: 'scroll-events', by: 1}},
	{scope: 'events', keys: ['pageup', 'b'], label: 'Ten lines up', action: {type: 'scroll-events', by: -10}},
	{scope: 'events', keys: ['pagedown', 'space'], label: 'Ten lines down', action: {type: 'scroll-events', by: 10}},
	{
		scope: 'events',
		keys: ['home', 'g'],
		label: 'The newest',
		action: {type: 'scroll-events', by: Number.NEGATIVE_INFINITY},
	},
	{
		scope: 'events',
		keys: ['end', 'G'],
		label: 'The oldest',
		action: {type: 'scroll-events', by: Number.POSITIVE_INFINITY},
	},
	{scope: 'events', keys: ['escape', 'A'], label: 'Back', short: 'back', action: {type: 'back'}},
];
