import assert from 'node:assert/strict';
import {test} from 'node:test';
import {loadKey, parseProcessLoad} from '../../source/gpu/process-load.ts';

test('the load of processes is read from the table of a new driver and of an old one', () => {
	const load = parseProcessLoad([
		'# gpu         pid   type     sm    mem    enc    dec    jpg    ofa    command ',
		'# Idx           #    C/G      %      %      %      %      %      %    name ',
		'    0       4711     C     45     10      -      -      -      -    python         ',
		'    0       4712   M+C      0      0      -      -      -      -    python -m a b  ',
		'    1       4711     C     97     61      -      -      -      -    python         ',
		'    2          -     -      -      -      -      -      -      -    -              ',
		'    3       9999     C      -      -      -      -      -      -    tritonserver   ',
	]);
	assert.deepEqual(
		[...(load ?? [])],
		[
			[loadKey(0, 4711), 45],
			[loadKey(0, 4712), 0],
			[loadKey(1, 4711), 97],
		],
	);
	const old = parseProcessLoad([
		'# gpu        pid  type    sm   mem   enc   dec   command',
		'# Idx          #   C/G     %     %     %     %   name',
		'    0      15204     C    99    60     -     -   python3',
	]);
	assert.deepEqual([...(old ?? [])], [[loadKey(0, 15_204), 99]]);
});

test('what is no such table says nothing, and a hostile name of a process is no figure', () => {
	assert.equal(parseProcessLoad(['Not supported on the device(s)', 'Failed to process command line.']), undefined);
	assert.equal(parseProcessLoad([]), undefined);
	const load = parseProcessLoad([
		'# gpu         pid   type     sm    mem    command ',
		'    0       4711     C      -      -    100 100 100',
		'    0 1e9 C 12 1 x',
		'    0 4713 C 4000 1 x',
		'\u001B[2J 0 4714 C 5 1 x',
	]);
	assert.deepEqual([...(load ?? [])], []);
});
