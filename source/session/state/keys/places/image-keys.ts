import type {Binding} from '../binding.ts';

/** The screen of images, beside the keys of every list. */
export const imageKeys: Binding[] = [
	{
		scope: 'images',
		keys: ['u', 'enter'],
		label: 'Start box with this image',
		short: 'up',
		action: {type: 'up-with-image'},
	},
	{scope: 'images', keys: ['p'], label: 'Pull it', short: 'pull', action: {type: 'pull-image'}},
	{scope: 'images', keys: ['y'], label: 'Copy its name', action: {type: 'copy-menu'}},
	{scope: 'images', keys: ['i'], label: 'Back', action: {type: 'back'}},
];
