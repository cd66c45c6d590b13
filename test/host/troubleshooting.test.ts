import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {test} from 'node:test';
import {titles} from '../../source/doctor/check.ts';
import {buildRemedies} from '../../source/host/remedies.ts';
import {page, renderPage} from '../../tools/troubleshooting.ts';

const text = readFileSync(page, 'utf8');

test('docs/troubleshooting.md has every known error text, as `npm run troubleshooting` writes it', () => {
	assert.equal(text, renderPage(text));
	for (const {example, fix} of buildRemedies) {
		assert.ok(text.includes(example), example);
		assert.ok(text.includes(fix), fix);
	}
});

test('it tells of every check of doctor, in the order in which doctor prints them', () => {
	const rows = [...text.matchAll(/^\| `([\w-]+)` \| ([^|]+) \|/gm)].map(([, id, title]) => [id, title]);
	assert.deepEqual(rows, Object.entries(titles));
});
