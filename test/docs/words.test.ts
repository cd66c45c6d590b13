import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {root} from './_commands.ts';

// The list is in docs/words.md, for authors and for this test.

type Word = {pattern: RegExp; better: string};

/** Names of things in other programs, and texts that gpubox only reads. */
const allowed = [
	{file: 'templates/box/passwd', text: 'nobody'},
	{file: 'source/engine/run-once.ts', text: 'the user nobody'},
];

/** Still to be reworded. Remove what is done. */
const notYet = [
	/^source\/program\.ts$/,
	/^docs\//,
	/^readme/,
	/^source\/session\/(?:session\.ts|index\.tsx)$/,
	/^source\/session\/state\/(?:effects|reduce|store|tasks)\.ts$/,
	/^source\/session\/state\/setup\/setup-actions\.ts$/,
	/^source\/session\/state\/boxes\/box-source\.ts$/,
	/^source\/gpu\/(?:feed|stream)\.ts$/,
	/^source\/commands\/(?:open|session)\.ts$/,
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
	const files = execFileSync('git', ['ls-files', 'source', 'templates', 'docs', 'readme.md'], {
		cwd: root,
		encoding: 'utf8',
	})
		.trim()
		.split('\n')
		.filter((file) => file !== 'docs/words.md' && !notYet.some((pattern) => pattern.test(file)));
	assert.deepEqual(
		files.flatMap((file) => findIn(file, words)),
		[],
	);
});
