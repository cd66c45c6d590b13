import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import fc from 'fast-check';
import {parseIgnore} from '../../../source/text/match/ignore-patterns.ts';

// The first groups are from moby/patternmatcher, patternmatcher_test.go.
const cases: Array<[pattern: string, path: string, ignored: boolean]> = [
	['**', 'file', true],
	['**', 'dir/file', true],
	['**/', 'dir/file', true],
	['**/**', 'dir/file', true],
	['dir/**', 'dir/file', true],
	['dir/**', 'dir/dir2/file', true],
	['**/dir', 'dir/file', true],
	['**/dir2/*', 'dir/dir2/file', true],
	['**/dir2/*', 'dir/dir2/dir2/file', true],
	['**file', 'dir/dir/file', true],
	['**/file', 'dir/file', true],
	['**/file', 'file', true],
	['**/file*', 'dir/dir/file.txt', true],
	['**/file*txt', 'dir/dir/file.txt', true],
	['a**/*.txt', 'a/file.txt', true],
	['a**/*.txt', 'a/dir/dir/file.txt', true],
	['a/*.txt', 'a/dir/file.txt', false],
	['a[b-d]e', 'ae', false],
	['a[b-d]e', 'ace', true],
	['a[^b-d]e', 'aee', true],
	['a[^b-d]e', 'ace', false],
	['.*', '.foo', true],
	['.*', 'foo', false],
	['abc.def', 'abcdef', false],
	['abc.def', 'abcZdef', false],
	['abc?def', 'abcZdef', true],
	['a\\*b', 'a*b', true],
	['a\\*b', 'aab', false],
	['a$b', 'a$b', true],
	['/data/', 'data/set', true],
	['./data', 'data', true],
	['data', 'src/data', false],
	['x/../data', 'data', true],
	['# data', 'data', false],
	['', 'data', false],
	['[', 'data', false],
];

describe('.dockerignore', () => {
	for (const [pattern, path, ignored] of cases) {
		test(`${pattern} ${ignored ? 'leaves out' : 'keeps'} ${path}`, () => {
			assert.equal(parseIgnore(pattern).ignores(path), ignored);
		});
	}

	test('the last line that matches counts', () => {
		const rules = parseIgnore('*\n!src\nsrc/**/*.pt\n!src/best.pt\n');
		assert.deepEqual(
			['data', 'src', 'src/train.py', 'src/a/b.pt', 'src/best.pt'].map((path) => rules.ignores(path)),
			[true, false, false, true, false],
		);
		assert.ok(rules.hasExceptions);
		assert.ok(!parseIgnore('*\n').hasExceptions);
	});

	test('any text is read', () => {
		fc.assert(
			fc.property(fc.string(), fc.string({minLength: 1}), (text, path) => {
				assert.equal(typeof parseIgnore(text).ignores(path), 'boolean');
			}),
		);
	});
});
