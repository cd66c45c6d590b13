import type {Binding} from '../binding.ts';
import {walk} from '../walk-keys.ts';

/** The screen of images. */
export const imageKeys: Binding[] = [
	...walk('images', (by) => ({type: 'select-image', by}), {noun: 'image'}),
	{
		scope: 'images',
		keys: ['u', 'enter'],
		label: 'Start box with this image',
		short: 'up',
		action: {type: 'up-with-image'},
	},
	{scope: 'images', keys: ['p'], label: 'Pull it', short: 'pull', action: {type: 'pull-image'}},
	{scope: 'images', keys: ['y'], label: 'Copy its name', action: {type: 'copy-menu'}},
	{scope: 'images', keys: ['escape', 'i'], label: 'Back', short: 'back', action: {type: 'back'}},
];
