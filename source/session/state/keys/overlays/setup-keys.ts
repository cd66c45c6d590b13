import type {Action} from '../../reduce.ts';
import type {SetupAction} from '../../setup/setup.ts';
import type {Binding} from '../binding.ts';
import {walk, walkBelowField} from '../walk-keys.ts';

/** A key for each selectable line: its number, or how many. */
const lineKeys = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '0', 'a'];

/** Setting a folder up: its questions, the field that is typed into, and the card at the end. */
export const setupKeys: Binding[] = [
	{
		scope: 'setup',
		keys: ['enter'],
		label: '',
		short: 'select',
		action: setup({what: 'take'}),
	},
	...walk('setup', (by) => setup({what: 'move', by}), {short: 'choose', tab: true}),
	...lineKeys.map((key): Binding => ({scope: 'setup', keys: [key], label: '', action: setup({what: 'line', key})})),
	{
		scope: 'setup',
		keys: ['escape', 'backspace'],
		label: '',
		short: 'back',
		action: setup({what: 'back'}),
	},

	{scope: 'card', keys: ['o'], label: '', short: 'open', action: setup({what: 'visit'})},
	{scope: 'card', keys: ['u'], label: '', short: 'up', action: setup({what: 'up'})},
	{scope: 'card', keys: ['enter', 'escape', 'space'], label: '', short: 'done', action: setup({what: 'take'})},

	{scope: 'field', keys: ['enter'], label: '', short: 'select', action: setup({what: 'take'})},
	{scope: 'field', keys: ['tab'], label: '', short: 'complete', action: setup({what: 'complete'})},
	...walkBelowField('field', (by) => setup({what: 'move', by})),
	{scope: 'field', keys: ['escape'], label: '', short: 'back', action: setup({what: 'back'})},
];

function setup(does: SetupAction): Action {
	return {type: 'setup', does};
}
