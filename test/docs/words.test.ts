import assert from 'node:assert/strict';
import {globSync, readFileSync} from 'node:fs';
import {join, relative} from 'node:path';
import {test} from 'node:test';
import {root} from './_commands.ts';

// The list is in docs/words.md, for authors and for this test.

type Word = {pattern: RegExp; better: string};

/** Names of things in other programs, and texts that gpubox only reads. */
const allowed = [
	{file: 'templates/box/passwd', text: 'nobody'},
	{file: 'docs/contributing.md', text: 'Let, Say, Tell, Hold, Mend'},
	{file: 'source/engine/run-once.ts', text: 'the user nobody'},
];

function readWords(): Word[] {
	const [, table = ''] = readFileSync(join(root, 'docs/words.md'), 'utf8').split('## Words not used');
	return Array.from(table.matchAll(/^\| `(.+)` \| (.+) \|$/gm), ([, pattern = '', better = '']) => ({
		pattern: new RegExp(pattern.replaceAll('\\|', '|')),
		better,
	}));
}

function findIn(file: string, words: readonly Word[]): string[] {
	const text = readFileSync(join(root, file), 'utf8');
	return text.split('\n').flatMap((line, index) =>
		words.flatMap(({pattern, better}) => {
			const found = pattern.exec(line)?.[0];
			const isAllowed = allowed.some((each) => each.file === file && line.includes(each.text));
			return found === undefined || isAllowed ? [] : [`${file}:${index + 1}: ${found} -> ${better}`];
		}),
	);
}

test('the words of docs/words.md that are not used are not used', () => {
	const words = readWords();
	assert.ok(words.length > 10, 'the table is read');
	const files = globSync(['source/**/*', 'templates/**/*', 'docs/*.md', 'readme.md'], {cwd: root, withFileTypes: true})
		.filter((entry) => entry.isFile())
		.map((entry) => relative(root, join(entry.parentPath, entry.name)))
		.filter((file) => file !== 'docs/words.md');
	assert.deepEqual(
		files.flatMap((file) => findIn(file, words)),
		[],
	);
});
