import type {Binding} from './binding.ts';

/** The screen of one GPU. */
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
];
