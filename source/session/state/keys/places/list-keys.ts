import type {ListAction, ListName} from '../../lists/reduce-lists.ts';
import type {Binding} from '../binding.ts';
import {walk, walkBelowField} from '../walk-keys.ts';

/** From each screen to each other. */
const viewKeys: Binding[] = [
	{scope: 'views', keys: ['1'], label: 'GPUs and boxes', action: list({type: 'view', to: 'main'})},
	view('2', 'All containers', 'containers'),
	view('3', 'Processes on GPUs', 'processes'),
	view('4', 'People and what they hold', 'people'),
	{scope: 'views', keys: ['5'], label: 'Images that fit here', action: {type: 'images'}},
	view('6', 'Disk', 'disk'),
	{scope: 'views', keys: ['7'], label: 'Several hosts', action: {type: 'hosts'}},
];

function view(key: string, label: string, to: ListName): Binding {
	return {scope: 'views', keys: [key], label, action: list({type: 'view', to})};
}

function logKey(scope: 'containers' | 'processes'): Binding {
	return {scope, keys: ['l'], label: 'Log of the container', short: 'log', action: {type: 'container', does: 'log'}};
}

function copyKey(scope: 'containers' | 'processes'): Binding {
	return {scope, keys: ['y'], label: 'Copy name, id … of the container', action: {type: 'copy-menu'}};
}

/** Every list that has a screen of its own. */
export const listKeys: Binding[] = [
	...viewKeys,
	{
		scope: 'containers',
		keys: ['a'],
		label: 'Shell in the container',
		short: 'attach',
		action: {type: 'container', does: 'attach'},
	},
	{
		scope: 'containers',
		keys: ['s'],
		label: 'Stop or start it (asks)',
		short: 'stop',
		action: {type: 'container', does: 'stop-or-start'},
	},
	logKey('containers'),
	logKey('processes'),
	copyKey('containers'),
	copyKey('processes'),
	{scope: 'containers', keys: ['o'], label: 'Open Jupyter', action: {type: 'container', does: 'open'}},
	{scope: 'containers', keys: ['x'], label: 'Remove the box (asks)', action: {type: 'container', does: 'ask-remove'}},
	...walk('list', (by) => list({type: 'select-row', by}), {noun: 'row'}),
	{
		scope: 'list',
		keys: ['enter'],
		label: 'Go to what it belongs to',
		short: 'go to',
		action: list({type: 'enter-row'}),
	},
	{scope: 'list', keys: ['/'], label: 'Filter', short: 'filter', action: list({type: 'filter', does: 'open'})},
	{scope: 'list', keys: ['y'], label: 'Copy its name, or line', action: list({type: 'copy-row'})},
	{scope: 'list', keys: ['S'], label: 'Sort by the next column', short: 'sort', action: list({type: 'sort'})},
	{
		scope: 'list',
		keys: ['escape'],
		label: 'Clear the filter, or back',
		short: 'back',
		action: list({type: 'leave-list'}),
	},

	{scope: 'filter', keys: ['enter'], label: '', short: 'done', action: list({type: 'filter', does: 'accept'})},
	{scope: 'filter', keys: ['escape'], label: '', short: 'no filter', action: list({type: 'filter', does: 'clear'})},
	...walkBelowField('filter', (by) => list({type: 'select-row', by}), {tab: true}),
];

function list(does: ListAction): Binding['action'] {
	return {type: 'list', does};
}
