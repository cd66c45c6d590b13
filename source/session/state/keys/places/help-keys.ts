import type {Binding} from '../binding.ts';
import {walk} from '../walk-keys.ts';

/** The help. */
export const helpKeys: Binding[] = [
	...walk('help', (by) => ({type: 'scroll-help', by}), {noun: 'line'}),
	{scope: 'help', keys: ['escape', '?', 'enter'], label: 'Back', short: 'back', action: {type: 'back'}},
];
