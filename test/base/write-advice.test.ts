import assert from 'node:assert/strict';
import {test} from 'node:test';
import {adviceForWrite} from '../../source/base/write-advice.ts';

const failed = (code: string) => Object.assign(new Error(code), {code});

test('the advice is that of the reason, and there is none for a reason that is not known', () => {
	assert.match(adviceForWrite(failed('ENOSPC'), '/a'), /^Free some space on the file system of \/a/);
	assert.match(adviceForWrite(failed('EDQUOT'), '/a'), /quota/);
	assert.match(adviceForWrite(failed('EFBIG'), '/a'), /ulimit/);
	assert.match(adviceForWrite(failed('EROFS'), '/a'), /read-only/);
	assert.match(adviceForWrite(failed('EACCES'), '/a'), /^Make \/a writable/);
	assert.match(adviceForWrite(failed('EPERM'), '/a'), /^Make \/a writable/);
	for (const other of [failed('EIO'), new Error('?'), undefined, null, 'text']) {
		assert.equal(adviceForWrite(other, '/a'), '');
	}
});
