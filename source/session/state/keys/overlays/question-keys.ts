import type {Binding} from '../binding.ts';
import {walk} from '../walk-keys.ts';

/** An open question: what is asked, and what takes a screen of its own. */
export const questionKeys: Binding[] = [
	{scope: 'confirm', keys: ['y'], label: 'Yes, then Enter', action: {type: 'arm'}},
	{scope: 'confirm', keys: ['enter'], label: '', action: {type: 'answer', yes: true}},
	{scope: 'confirm', keys: ['n', 'escape', 'q'], label: 'No', action: {type: 'answer', yes: false}},
	{scope: 'confirm', keys: ['ctrl+c'], label: 'Leave', action: {type: 'quit'}},
	{scope: 'confirm', keys: ['ctrl+z'], label: '', action: {type: 'suspend'}},

	...walk('trust', (by) => ({type: 'scroll-question', by}), {short: 'scroll'}),
];
