import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {namePattern} from '../../source/box/box.ts';
import {defaultName} from '../../source/box/name.ts';
import {toLatin} from '../../source/text/latin.ts';

test('a name of other scripts in Latin letters', async () => {
	const found = await Promise.all(
		['图像分割', '图像-train', '数据 集2', 'проект', '프로젝트', 'Müller', 'Éé', 'train', '🦄', ' ', '…'].map(toLatin),
	);
	assert.deepEqual(found, [
		'tu-xiang-fen-ge',
		'tu-xiang-train',
		'shu-ju-ji-2',
		'proekt',
		'peulojegteu',
		'muller',
		'ee',
		undefined,
		'unicorn',
		undefined,
		undefined,
	]);
});

test('gives a valid name of a box, whatever the folder is called', async () => {
	await fc.assert(
		fc.asyncProperty(fc.string({unit: 'grapheme', minLength: 1, maxLength: 40}), async (folder) => {
			const latin = await toLatin(folder);
			assert.match(defaultName('alice', latin ?? folder), namePattern);
		}),
	);
});
