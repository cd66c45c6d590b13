import type {Binding} from '../binding.ts';

/** The palette: what is typed goes into its line. */
export const paletteKeys: Binding[] = [
	{scope: 'palette', keys: ['enter'], label: '', short: 'run', action: {type: 'palette', does: {what: 'take'}}},
	{scope: 'palette', keys: ['tab'], label: '', short: 'complete', action: {type: 'palette', does: {what: 'complete'}}},
	{scope: 'palette', keys: ['up', 'ctrl+p'], label: '', action: {type: 'palette', does: {what: 'move', by: -1}}},
	{
		scope: 'palette',
		keys: ['down', 'ctrl+n'],
		label: '',
		short: 'choose',
		action: {type: 'palette', does: {what: 'move', by: 1}},
	},
	{scope: 'palette', keys: ['escape'], label: '', short: 'back', action: {type: 'palette', does: {what: 'close'}}},
];
