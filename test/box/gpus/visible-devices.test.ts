import assert from 'node:assert/strict';
import {test} from 'node:test';
import {parseGpuSelection} from '../../../source/box/gpus/allocate.ts';
import {noteVisibleDevices} from '../../../source/box/gpus/visible-devices.ts';

test('what CUDA_VISIBLE_DEVICES of the shell means is told as an option that means it', () => {
	const meant = (value: string) => {
		const [, option = ''] = /; --gpus (.*) does,/.exec(noteVisibleDevices({CUDA_VISIBLE_DEVICES: value}) ?? '') ?? [];
		return parseGpuSelection(option);
	};
	assert.deepEqual(meant('2'), {kind: 'exact', names: ['2']});
	assert.deepEqual(meant(' 0, 3 '), {kind: 'exact', names: ['0', '3']});
	assert.deepEqual(meant('GPU-6f1d0e42'), {kind: 'exact', names: ['GPU-6f1d0e42']});
	assert.deepEqual(meant('-1'), {kind: 'none'});
	assert.deepEqual(meant(''), {kind: 'none'});
	assert.match(
		noteVisibleDevices({CUDA_VISIBLE_DEVICES: 'a\u001b[2Jb'}) ?? '',
		/=a\S*b of your shell .*; --gpus does,/,
	);
	assert.doesNotMatch(noteVisibleDevices({CUDA_VISIBLE_DEVICES: 'a\u001b[2Jb'}) ?? '', /\u001b/);
	assert.equal(noteVisibleDevices({}), undefined);
});
