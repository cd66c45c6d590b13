import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {test} from 'node:test';
import fc from 'fast-check';
import {shellQuote} from '../../source/text/shell-quote.ts';

test('what means nothing to a shell is not quoted', () => {
	assert.equal(shellQuote('/projects/a-b_c.d@e:1,2+3=4%'), '/projects/a-b_c.d@e:1,2+3=4%');
	assert.equal(shellQuote(''), "''");
	assert.equal(shellQuote("/projects/it's here"), String.raw`'/projects/it'\''s here'`);
});

test('a shell takes every word for itself', () => {
	const words = fc.sample(fc.string({unit: 'binary', maxLength: 30}), {numRuns: 300, seed: 1});
	const plain = ['~', '~/x', '$HOME', '`id`', '*', '#', 'a b', 'a\nb', '\\', '!!', '-n'];
	const all = [...plain, ...words].map((word) => word.replaceAll(/[\0\uD800-\uDFFF]/g, ''));
	const line = `printf '%s\\0' ${all.map(shellQuote).join(' ')}`;
	assert.deepEqual(execFileSync('sh', ['-c', line]).toString().split('\0').slice(0, -1), all);
});
