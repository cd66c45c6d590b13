import type {ConfigAction} from '../../config/config.ts';
import type {Binding} from '../binding.ts';
import {walk} from '../walk-keys.ts';

/** The user's settings: their list, and the one that is being changed. */
export const settingKeys: Binding[] = [
	{scope: 'anywhere', keys: [','], label: 'Your settings', action: config({what: 'open'})},
	{scope: 'settings', keys: ['enter'], label: 'Change it', short: 'change', action: config({what: 'change'})},
	{
		scope: 'settings',
		keys: ['x', 'delete'],
		label: 'Forget your value',
		short: 'unset',
		action: config({what: 'unset'}),
	},
	{scope: 'setting', keys: ['enter'], label: '', short: 'set', action: config({what: 'take'})},
	{scope: 'setting', keys: ['escape'], label: '', short: 'back', action: config({what: 'close'})},
	...walk('choice', (by) => config({what: 'move', by}), {short: 'choose', tab: true}),
];

function config(does: ConfigAction): Binding['action'] {
	return {type: 'config', does};
}
