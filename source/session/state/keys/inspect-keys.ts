import type {Binding} from './binding.ts';

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
	{scope: 'gpu', keys: ['pageup', 'b'], label: 'Ten steps back', action: {type: 'move-cursor', by: -10}},
	{scope: 'gpu', keys: ['pagedown', 'space'], label: 'Ten steps forward', action: {type: 'move-cursor', by: 10}},
	{
		scope: 'gpu',
		keys: ['home', 'g'],
		label: 'The oldest moment',
		action: {type: 'move-cursor', by: Number.NEGATIVE_INFINITY},
	},
	{scope: 'gpu', keys: ['end', 'G'], label: 'Now', action: {type: 'move-cursor', by: Number.POSITIVE_INFINITY}},
	{scope: 'gpu', keys: ['up', 'k'], label: 'Process above', action: {type: 'select-process', by: -1}},
	{scope: 'gpu', keys: ['down', 'j'], label: 'Process below', action: {type: 'select-process', by: 1}},
	{scope: 'gpu', keys: ['x'], label: 'End the process (asks)', short: 'end process', action: {type: 'ask-signal'}},
	{scope: 'gpu', keys: ['escape', 'enter'], label: 'To now, or back', short: 'back', action: {type: 'leave-inspect'}},

	{scope: 'box', keys: ['down', 'j'], label: 'A line down', short: 'scroll', action: {type: 'scroll-box', by: 1}},
	{scope: 'box', keys: ['up', 'k'], label: 'A line up', action: {type: 'scroll-box', by: -1}},
	{scope: 'box', keys: ['pagedown', 'space'], label: 'Ten lines down', action: {type: 'scroll-box', by: 10}},
	{scope: 'box', keys: ['pageup', 'b'], label: 'Ten lines up', action: {type: 'scroll-box', by: -10}},
	{
		scope: 'box',
		keys: ['home', 'g'],
		label: 'First line',
		action: {type: 'scroll-box', by: Number.NEGATIVE_INFINITY},
	},
	{
		scope: 'box',
		keys: ['end', 'G'],
		label: 'Last line',
		action: {type: 'scroll-box', by: Number.POSITIVE_INFINITY},
	},
	{scope: 'box', keys: ['a'], label: 'Shell in the box', short: 'attach', action: {type: 'attach'}},
	{scope: 'box', keys: ['o'], label: 'Open Jupyter', short: 'open', action: {type: 'open'}},
	{scope: 'box', keys: ['s'], label: 'Stop (asks) or start', short: 'stop', action: {type: 'stop-or-start'}},
	{scope: 'box', keys: ['escape', 'enter'], label: 'Back', short: 'back', action: {type: 'leave-inspect'}},
];
