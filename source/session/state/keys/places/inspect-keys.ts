import type {Binding} from '../binding.ts';
import {ends, pages, steps, walk} from '../walk-keys.ts';

/** The screens of one GPU and of one box. */
export const inspectKeys: Binding[] = [
	{scope: 'gpu', keys: ['tab', 'w'], label: '5 min, 1 h or 24 h', short: 'time span', action: {type: 'change-span'}},
	{
		scope: 'gpu',
		keys: ['left', 'h'],
		label: 'Back in time',
		short: 'back in time',
		action: {type: 'move-cursor', by: -1},
	},
	{scope: 'gpu', keys: ['right', 'l'], label: 'Forward in time', action: {type: 'move-cursor', by: 1}},
	...pages('gpu', (by) => ({type: 'move-cursor', by: by * 10}), {labels: ['Ten steps back', 'Ten steps forward']}),
	...ends('gpu', (by) => ({type: 'move-cursor', by}), ['The oldest moment', 'Now']),
	...steps('gpu', (by) => ({type: 'select-process', by}), {labels: ['Process above', 'Process below']}),
	{scope: 'gpu', keys: ['x'], label: 'End the process (asks)', short: 'end process', action: {type: 'ask-signal'}},
	{scope: 'gpu', keys: ['y'], label: 'Copy UUID, number …', action: {type: 'copy-menu'}},
	{scope: 'gpu', keys: ['escape', 'enter'], label: 'To now, or back', short: 'back', action: {type: 'leave-inspect'}},

	...walk('box', (by) => ({type: 'scroll-box', by}), {noun: 'line', short: 'scroll'}),
	{scope: 'box', keys: ['a'], label: 'Shell in the box', short: 'attach', action: {type: 'attach'}},
	{scope: 'box', keys: ['o'], label: 'Open Jupyter', short: 'open', action: {type: 'open'}},
	{scope: 'box', keys: ['s'], label: 'Stop (asks) or start', short: 'stop', action: {type: 'stop-or-start'}},
	{scope: 'box', keys: ['l'], label: 'Log of the box', short: 'log', action: {type: 'container', does: 'log'}},
	{scope: 'box', keys: ['R'], label: 'Restart the box (asks)', action: {type: 'ask-restart'}},
	{scope: 'box', keys: ['E'], label: 'Extend the reservation …', action: {type: 'begin-command', verb: 'extend'}},
	{scope: 'box', keys: ['M'], label: 'Message to the owner …', action: {type: 'begin-command', verb: 'ask'}},
	{scope: 'box', keys: ['y'], label: 'Copy address, id …', action: {type: 'copy-menu'}},
	{scope: 'box', keys: ['escape', 'enter'], label: 'Back', short: 'back', action: {type: 'leave-inspect'}},
];
