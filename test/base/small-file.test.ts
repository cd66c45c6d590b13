import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {mkdtempSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {readSmallFile} from '../../source/base/small-file.ts';

let folder: string;
before(() => {
	folder = mkdtempSync(join(tmpdir(), 'gpubox-small-'));
	writeFileSync(join(folder, 'plain'), 'text');
	writeFileSync(join(folder, 'large'), Buffer.alloc(300 * 1024));
	symlinkSync('plain', join(folder, 'link'));
	symlinkSync('/dev/zero', join(folder, 'zero'));
	execFileSync('mkfifo', [join(folder, 'pipe')]);
});
after(() => rmSync(folder, {recursive: true, force: true}));

test('a plain file is read, through a link as well', () => {
	assert.equal(readSmallFile(join(folder, 'plain')).toString(), 'text');
	assert.equal(readSmallFile(join(folder, 'link')).toString(), 'text');
	assert.throws(() => readSmallFile(join(folder, 'link'), {noLink: true}), /ELOOP/);
});

test('a device, a pipe, a folder and a file that is too large are refused in words, at once', () => {
	for (const [name, words] of [
		['zero', /^Error: it is a device, not a plain file$/],
		['pipe', /^Error: it is a pipe, not a plain file$/],
		['.', /^Error: it is a folder, not a plain file$/],
		['large', /^Error: it is larger than 256 KiB$/],
	] as const) {
		assert.throws(
			() => readSmallFile(join(folder, name)),
			(error) => words.test(String(error)),
			name,
		);
	}

	assert.throws(() => readSmallFile('/dev/zero', {pipes: true}), /it is a device/);
});

test('one that says it has no size is read to its limit and no further', () => {
	assert.match(readSmallFile('/proc/self/status').toString(), /^Name:/);
	assert.throws(() => readSmallFile('/proc/self/status', {maxBytes: 100}), /it is larger than/);
});
