import type {Binding} from '../binding.ts';
import {ends, pages, steps} from '../walk-keys.ts';

/** The main screen and its panes. */
export const mainKeys: Binding[] = [
	{scope: 'main', keys: ['u'], label: "Start this folder's box", short: 'up', action: {type: 'up'}},
	{scope: 'main', keys: ['W'], label: 'Queue for GPUs, then start', action: {type: 'queue-up'}},
	{
		scope: 'main',
		keys: ['n'],
		label: 'Set up this folder',
		short: 'set up',
		action: {type: 'setup', does: {what: 'open'}},
	},
	{scope: 'main', keys: ['N'], label: 'Box for another folder …', action: {type: 'setup', does: {what: 'open-other'}}},
	{scope: 'main', keys: ['a'], label: 'Shell in the box', short: 'attach', action: {type: 'attach'}},
	{scope: 'main', keys: ['o'], label: 'Open Jupyter', short: 'open', action: {type: 'open'}},
	{
		scope: 'main',
		keys: ['s'],
		label: 'Stop (asks) or start',
		short: 'stop',
		action: {type: 'stop-or-start'},
	},
	{scope: 'main', keys: ['l'], label: 'Log of the box', short: 'log', action: {type: 'show', side: 'log'}},
	{scope: 'main', keys: ['x'], label: 'Remove the box (asks)', short: 'remove', action: {type: 'ask-remove'}},
	{scope: 'main', keys: ['R'], label: 'Restart the box (asks)', action: {type: 'ask-restart'}},
	{scope: 'main', keys: ['f'], label: 'Free idle kernels (asks)', action: {type: 'find-idle-kernels'}},
	{scope: 'main', keys: ['i'], label: 'Images that fit here', short: 'images', action: {type: 'images'}},
	{scope: 'main', keys: ['h'], label: 'Several hosts', action: {type: 'hosts'}},
	{scope: 'main', keys: ['r'], label: 'Return from another host', short: 'return', action: {type: 'return'}},
	{scope: 'main', keys: ['y'], label: 'Copy address, id …', action: {type: 'copy-menu'}},
	{scope: 'main', keys: ['d'], label: 'Try a demo host', short: 'demo', action: {type: 'demo'}},
	{scope: 'main', keys: ['tab'], label: 'Next pane, Shift-Tab back', action: {type: 'focus', by: 1}},
	{scope: 'main', keys: ['shift+tab'], label: '', action: {type: 'focus', by: -1}},
	{scope: 'main', keys: ['escape'], label: 'Back: zoom, filter, marks', action: {type: 'dismiss'}},

	{scope: 'gpus', keys: ['enter'], label: 'The GPU over time', short: 'over time', action: {type: 'open-gpu'}},
	{
		scope: 'gpus',
		keys: ['/'],
		label: 'Filter the boxes',
		action: {type: 'list', does: {type: 'filter', does: 'open'}},
	},
	{scope: 'gpus', keys: ['H'], label: 'Hand the GPU back (asks)', short: 'hand back', action: {type: 'hand-back'}},
	{scope: 'gpus', keys: ['z'], label: 'Zoom the GPUs, and back', action: {type: 'zoom'}},
	...steps('gpus', (by) => ({type: 'select-gpu', by}), {labels: ['GPU above', 'GPU below']}),
	...ends('gpus', (by) => ({type: 'select-gpu', by}), ['First GPU', 'Last GPU']),
	{scope: 'boxes', keys: ['enter'], label: 'All about the box', short: 'detail', action: {type: 'open-box'}},
	...steps('boxes', (by) => ({type: 'select-box', by}), {labels: ['Box above', 'Box below']}),
	{scope: 'boxes', keys: ['z'], label: 'Zoom the boxes, and back', action: {type: 'zoom'}},
	{
		scope: 'boxes',
		keys: ['/'],
		label: 'Filter the boxes',
		short: 'filter',
		action: {type: 'list', does: {type: 'filter', does: 'open'}},
	},
	{scope: 'boxes', keys: ['S'], label: 'Sort by the next column', action: {type: 'list', does: {type: 'sort'}}},
	{scope: 'boxes', keys: ['space'], label: 'Mark for s, R, x', action: {type: 'mark'}},
	{scope: 'boxes', keys: ['E'], label: 'Extend the reservation …', action: {type: 'begin-command', verb: 'extend'}},
	{scope: 'boxes', keys: ['M'], label: 'Message to the owner …', action: {type: 'begin-command', verb: 'ask'}},
	...ends('boxes', (by) => ({type: 'select-box', by}), ['First box', 'Last box']),
	...steps('side', line, {labels: ['A line up', 'A line down']}),
	...pages('main', page, {labels: ['Log: a page up', 'Log: a page down'], space: false}),
	{scope: 'gpus', keys: ['space'], label: '', action: page(1)},
	{scope: 'side', keys: ['space'], label: 'A page down', action: page(1)},
	...ends('side', line, ['First line', 'Last line, follow']),
];

function line(by: number): Binding['action'] {
	return {type: 'scroll', by, unit: 'line'};
}

function page(by: number): Binding['action'] {
	return {type: 'scroll', by, unit: 'page'};
}
