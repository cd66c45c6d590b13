import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {test} from 'node:test';
import {page, renderPage, untold} from '../../tools/carry-over.ts';

test('docs/export.md shows what each target carries over, as `npm run carry-over` writes it', () => {
	const text = readFileSync(page, 'utf8');
	assert.equal(text, renderPage(text));
	assert.deepEqual(untold, [], 'every field has a row');
});
