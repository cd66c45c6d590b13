import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {test} from 'node:test';
import {notCopied, parseItems, planOf, tellPlan} from '../../../source/app/hosts/sync.ts';

test('the files in what rsync 3.2 prints', () => {
	const text = [
		'cd+++++++++ 4096 ./',
		'>f+++++++++ 3 train.py',
		'<f+++++++++ 6 sub/a name',
		'<f.st...... 8 gpubox.yaml',
		'<f..t...... 8 touched',
		'.f...p..... 6 mode only',
		'cL+++++++++ 4 link -> x',
		'',
	].join('\n');
	assert.deepEqual(parseItems(text), [
		{path: 'train.py', bytes: 3, what: 'new'},
		{path: 'sub/a name', bytes: 6, what: 'new'},
		{path: 'gpubox.yaml', bytes: 8, what: 'changed'},
		{path: 'touched', bytes: 8, what: 'changed'},
	]);
});

test('files that are newer there are named, and the plan starts with the largest', () => {
	const all = parseItems('<f+++++++++ 3 a\n<f.st...... 2048 b\n<f.st...... 1 c\u001B[2J\n');
	const plan = planOf(all, all.slice(0, 2));
	assert.deepEqual(plan.newer, ['c\u001B[2J']);
	assert.deepEqual(tellPlan(plan, 'gpu2:/home/alice/train'), [
		'To be copied to gpu2:/home/alice/train: 1 new and 2 changed files, 2.0 KiB',
		'  changed  2.0 KiB  b',
		'  new          3 B  a',
		'  changed      1 B  c',
	]);
});

test('of many files only the largest are listed', () => {
	const files = Array.from({length: 25}, (_, index) => ({path: `f${index}`, bytes: index, what: 'new' as const}));
	const lines = tellPlan({files, newer: []}, 'x');
	assert.equal(lines.length, 22);
	assert.equal(lines.at(-1), '  and 5 smaller ones');
});

test('docs/hosts.md lists what is not copied', () => {
	const document = readFileSync(new URL('../../../docs/hosts.md', import.meta.url), 'utf8');
	for (const pattern of notCopied) {
		assert.ok(document.includes(`\`${pattern}\``), pattern);
	}
});
