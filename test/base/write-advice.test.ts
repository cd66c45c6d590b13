import assert from 'node:assert/strict';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {test} from 'node:test';
import {adviceForWrite} from '../../source/base/write-advice.ts';

const failed = (code: string) => Object.assign(new Error(code), {code});

test('the advice is that of the reason, and there is none for a reason that is not known', () => {
	assert.match(adviceForWrite(failed('ENOSPC'), '/a'), /^Free some space on the file system of \/a/);
	assert.match(adviceForWrite(failed('EDQUOT'), '/a'), /quota/);
	assert.match(adviceForWrite(failed('EFBIG'), '/a'), /ulimit/);
	assert.match(adviceForWrite(failed('EROFS'), '/a'), /read-only/);
	for (const other of [failed('EIO'), new Error('?'), undefined, null, 'text']) {
		assert.equal(adviceForWrite(other, '/a'), '');
	}
});

test('what cannot be made writable because it is not there yet is not named, but the folder that it would be in', (t) => {
	const folder = mkdtempSync(join(tmpdir(), 'gpubox-advice-'));
	t.after(() => rmSync(folder, {recursive: true}));
	writeFileSync(join(folder, 'a'), '');
	for (const code of ['EACCES', 'EPERM']) {
		assert.equal(adviceForWrite(failed(code), join(folder, 'a')), `Make ${join(folder, 'a')} writable for you.`);
		assert.equal(adviceForWrite(failed(code), join(folder, 'b/c')), `Make ${folder} writable for you.`);
	}
});
