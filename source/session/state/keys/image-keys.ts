import type {Binding} from './binding.ts';

/** The screen of images. */
export const imageKeys: Binding[] = [
	{scope: 'images', keys: ['up', 'k'], label: 'Image above', action: {type: 'select-image', by: -1}},
	{scope: 'images', keys: ['down', 'j'], label: 'Image below', action: {type: 'select-image', by: 1}},
	{scope: 'images', keys: ['pageup', 'b'], label: 'Ten images up', action: {type: 'select-image', by: -10}},
	{scope: 'images', keys: ['pagedown', 'space'], label: 'Ten images down', action: {type: 'select-image', by: 10}},
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
