import type {Binding} from '../binding.ts';
import {walk} from '../walk-keys.ts';

/** The list of what happened. */
export const eventKeys: Binding[] = [
	...walk('events', (by) => ({type: 'scroll-events', by}), {
		noun: 'line',
		short: 'scroll',
		ends: ['The newest', 'The oldest'],
	}),
	{scope: 'events', keys: ['escape', 'A'], label: 'Back', short: 'back', action: {type: 'back'}},
];
