import type {Binding} from './binding.ts';

/** What is the same on every screen. */
export const generalKeys: Binding[] = [
	{scope: 'anywhere', keys: ['c'], label: 'Cancel task (asks)', short: 'cancel', action: {type: 'ask-cancel'}},
	{scope: 'anywhere', keys: ['A'], label: 'What happened', action: {type: 'events'}},
	{scope: 'anywhere', keys: ['?'], label: 'This help', short: 'help', action: {type: 'help'}},
	{
		scope: 'anywhere',
		keys: [':', 'ctrl+p'],
		label: 'Find and run anything',
		action: {type: 'palette', does: {what: 'open'}},
	},
	{scope: 'anywhere', keys: ['ctrl+t'], label: 'Mouse: on, or let go of it', action: {type: 'mouse'}},
	{scope: 'anywhere', keys: ['C'], label: 'What was run, as commands', action: {type: 'commands'}},
	{scope: 'tour', keys: ['t'], label: 'Leave or resume the tour', short: 'tour', action: {type: 'tour'}},
	{scope: 'tour', keys: ['right'], label: 'Next step of the tour', action: {type: 'tour-step', by: 1}},
	{scope: 'tour', keys: ['left'], label: 'Previous step of the tour', action: {type: 'tour-step', by: -1}},

	{scope: 'anywhere', keys: ['q'], label: 'Leave', short: 'quit', action: {type: 'ask-quit'}},
	{scope: 'anywhere', keys: ['ctrl+c'], label: 'Leave at once', action: {type: 'quit'}},
	{scope: 'anywhere', keys: ['ctrl+z'], label: 'Suspend; fg returns', action: {type: 'suspend'}},
];
