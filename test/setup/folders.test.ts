import assert from 'node:assert/strict';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {homedir, tmpdir} from 'node:os';
import {join} from 'node:path';
import {test} from 'node:test';
import {faultOfFolder, toPath} from '../../source/setup/folders.ts';

test('a folder has to be there, to be one, and to have a name that can be mounted', async (t) => {
	const root = mkdtempSync(join(tmpdir(), 'gpubox-folders-'));
	t.after(() => rmSync(root, {recursive: true}));
	writeFileSync(join(root, 'file'), '');
	assert.equal(await faultOfFolder(root), undefined);
	assert.match((await faultOfFolder(join(root, 'file'))) ?? '', /is no folder/);
	assert.match((await faultOfFolder(join(root, 'gone'))) ?? '', /No such folder/);
	assert.match((await faultOfFolder('/data:1')) ?? '', /cannot be mounted/);
	assert.doesNotMatch((await faultOfFolder('/\u001B[2Jx')) ?? '', /\u001B/);
});

test('~ is the home', () => {
	assert.equal(toPath('~'), homedir());
	assert.equal(toPath('~/data'), join(homedir(), 'data'));
	assert.equal(toPath('/data/'), '/data');
});
