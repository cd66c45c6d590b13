import type {MenuAction} from '../../menu/menu.ts';
import type {Binding} from '../binding.ts';
import {walk} from '../walk-keys.ts';

const lineKeys = ['1', '2', '3', '4', '5', '6', '7', '8', '9'];

/** A short list to choose from. The key that opens it takes its first line. */
export const menuKeys: Binding[] = [
	{scope: 'menu', keys: ['enter', 'y'], label: '', short: 'copy', action: menu({what: 'take'})},
	...walk('menu', (by) => menu({what: 'move', by}), {short: 'choose', tab: true}),
	...lineKeys.map((key): Binding => ({scope: 'menu', keys: [key], label: '', action: menu({what: 'line', key})})),
	{scope: 'menu', keys: ['escape'], label: '', short: 'back', action: menu({what: 'close'})},
];

function menu(does: MenuAction): Binding['action'] {
	return {type: 'menu', does};
}
