import type {Binding} from './binding.ts';

const lineKeys = ['1', '2', '3', '4', '5', '6', '7', '8', '9'];

/** A short list to choose from. The key that opens it takes its first line. */
export const menuKeys: Binding[] = [
	{scope: 'menu', keys: ['enter', 'y'], label: '', short: 'copy', action: {type: 'menu', does: {what: 'take'}}},
	{scope: 'menu', keys: ['up', 'k'], label: '', action: {type: 'menu', does: {what: 'move', by: -1}}},
	{
		scope: 'menu',
		keys: ['down', 'j', 'tab'],
		label: '',
		short: 'choose',
		action: {type: 'menu', does: {what: 'move', by: 1}},
	},
	...lineKeys.map(
		(key): Binding => ({scope: 'menu', keys: [key], label: '', action: {type: 'menu', does: {what: 'line', key}}}),
	),
	{scope: 'menu', keys: ['escape'], label: '', short: 'back', action: {type: 'menu', does: {what: 'close'}}},
];
