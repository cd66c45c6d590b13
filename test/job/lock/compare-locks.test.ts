import assert from 'node:assert/strict';
import {test} from 'node:test';
import {compareLocks} from '../../../source/job/lock/compare-locks.ts';
import {makeLock} from '../../../source/job/lock/make.ts';
import {distribution, inputs, inside, lock} from './_lock.ts';

test('two locks of one environment do not differ', () => {
	assert.deepEqual(compareLocks(lock, lock, 'x'), []);
});

test('what a newer base brings, as verify tells it', () => {
	const newer = makeLock({
		inputs,
		reference: lock.image.reference,
		digest: `sha256:${'5'.repeat(64)}`,
		base: {layers: [`sha256:${'6'.repeat(64)}`], platform: 'linux/amd64'},
		layers: lock.layers,
		inside: {
			...inside,
			python: '3.11.14',
			distributions: [distribution('einops', '0.9.0'), distribution('torch', '2.8.0+cu128'), distribution('new', '1')],
			apt: {ffmpeg: '7:4.4.2-0ubuntu0.22.04.2'},
		},
	});
	assert.deepEqual(
		compareLocks(lock, newer, 'the newer image').map(({what, locked, found, severity, where}) => [
			what,
			what === 'image' ? '' : locked,
			what === 'image' ? '' : found,
			severity,
			where,
		]),
		[
			['image', '', '', 'note', 'the newer image'],
			['python', '3.11.13', '3.11.14', 'blocks', 'the newer image'],
			['einops', '0.8.1', '0.9.0', 'differs', 'the newer image'],
			['new', null, '1', 'differs', 'the newer image'],
			['six', '1.16', null, 'differs', 'the newer image'],
			['ffmpeg (apt)', '7:4.4.2-0ubuntu0.22.04.1', '7:4.4.2-0ubuntu0.22.04.2', 'differs', 'the newer image'],
		],
	);
});
