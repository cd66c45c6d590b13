import type {Edit} from '../../setup/field.ts';
import type {Binding} from '../binding.ts';

/** Where text is typed: what moves and deletes in it. What takes or leaves the text is among the keys of its screen. */
export const typingKeys: Binding[] = [
	{scope: 'typing', keys: ['ctrl+u'], label: '', short: 'clear', action: edit('clear')},
	{scope: 'typing', keys: ['ctrl+w'], label: '', action: edit('word')},
	{scope: 'typing', keys: ['left', 'ctrl+b'], label: '', action: edit('left')},
	{scope: 'typing', keys: ['right', 'ctrl+f'], label: '', action: edit('right')},
	{scope: 'typing', keys: ['home', 'ctrl+a'], label: '', action: edit('home')},
	{scope: 'typing', keys: ['end', 'ctrl+e'], label: '', action: edit('end')},
	{scope: 'typing', keys: ['backspace', 'ctrl+h'], label: '', action: edit('backspace')},
	{scope: 'typing', keys: ['delete', 'ctrl+d'], label: '', action: edit('delete')},
	{scope: 'typing', keys: ['ctrl+c'], label: '', short: 'quit', action: {type: 'quit'}},
	{scope: 'typing', keys: ['ctrl+z'], label: '', action: {type: 'suspend'}},
];

function edit(how: Edit): Binding['action'] {
	return {type: 'type', typed: {edit: how}};
}
