import type {Binding} from '../binding.ts';
import {walkBelowField} from '../walk-keys.ts';

/** The palette: what is typed goes into its line. */
export const paletteKeys: Binding[] = [
	{scope: 'palette', keys: ['enter'], label: '', short: 'run', action: {type: 'palette', does: {what: 'take'}}},
	{scope: 'palette', keys: ['tab'], label: '', short: 'complete', action: {type: 'palette', does: {what: 'complete'}}},
	...walkBelowField('palette', (by) => ({type: 'palette', does: {what: 'move', by}}), {short: 'choose'}),
	{scope: 'palette', keys: ['escape'], label: '', short: 'back', action: {type: 'palette', does: {what: 'close'}}},
];
