import assert from 'node:assert/strict';
import {chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {test} from 'node:test';
import {otherFolder} from '../../../source/app/setup/other-folder.ts';

function makeTree(t: {after: (end: () => void) => unknown}) {
	const root = realpathSync(mkdtempSync(join(tmpdir(), 'gpubox-other-')));
	t.after(() => rmSync(root, {recursive: true, force: true}));
	for (const name of ['thesis', 'train', '.hidden', 'evil\u001B[31m']) {
		mkdirSync(join(root, name));
	}

	writeFileSync(join(root, 'text'), '');
	writeFileSync(join(root, 'train', 'gpubox.yaml'), '');
	symlinkSync(join(root, 'thesis'), join(root, 'tlink'));
	symlinkSync(join(root, 'nothing'), join(root, 'tbroken'));
	return {root, folder: otherFolder({paths: {state: join(root, 'state')} as never})};
}

test('folders complete what is typed, one folder at a time, and nothing that could not be typed', async (t) => {
	const {root, folder} = makeTree(t);
	assert.deepEqual(
		await folder.complete(`${root}/t`),
		['thesis', 'tlink', 'train'].map((name) => join(root, name)),
	);
	assert.deepEqual(await folder.complete(`${root}/thesis/`), []);
	assert.deepEqual(await folder.complete(`${root}/.h`), [join(root, '.hidden')]);
	assert.deepEqual(
		await folder.complete(`${root}/`),
		['thesis', 'tlink', 'train'].map((name) => join(root, name)),
	);
	assert.deepEqual(await folder.complete(`${root}/nowhere/x`), []);
});

test('a folder is taken with its gpubox.yaml, links resolved; one that is missing, none, or closed is refused in a line', async (t) => {
	const {root, folder} = makeTree(t);
	assert.deepEqual(await folder.choose(join(root, 'tlink')), {path: join(root, 'thesis')});
	assert.deepEqual(await folder.choose(join(root, 'train')), {
		path: join(root, 'train'),
		file: join(root, 'train', 'gpubox.yaml'),
	});
	assert.deepEqual(await folder.choose(join(root, 'nowhere')), {fault: `No such folder: ${root}/nowhere`});
	assert.deepEqual(await folder.choose(join(root, 'text')), {fault: `${root}/text is no folder.`});
	if (process.getuid?.() !== 0) {
		assert.match(JSON.stringify(await folder.choose('/')), /belongs to another user/);
		chmodSync(join(root, '.hidden'), 0);
		assert.match(JSON.stringify(await folder.choose(join(root, '.hidden', 'x'))), /Permission denied/);
	}
});

test('without runs none suggests itself', async (t) => {
	const {folder} = makeTree(t);
	assert.deepEqual(await folder.recent(), []);
});
