import assert from 'node:assert/strict';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {test} from 'node:test';
import {judgeProject, markerOf, parseAnswers} from '../../../source/app/hosts/project-there.ts';

const here = {inode: '12', modified: '1700000000', size: '40', hash: 'a'.repeat(64)};

test('the same files only where number, time and content are the same', () => {
	assert.equal(judgeProject(here, here), 'same');
	assert.equal(judgeProject(here, {...here, inode: '13'}), 'copy');
	assert.equal(judgeProject(here, {...here, modified: '1700000001'}), 'copy');
	assert.equal(judgeProject(here, {...here, hash: 'b'.repeat(64)}), 'other');
	assert.equal(judgeProject(here, {...here, hash: null}), 'other');
	assert.equal(judgeProject(here, undefined), 'other');
	assert.equal(judgeProject(here, null), 'missing');
	// A folder without gpubox.yaml, whose size is that of its storage.
	const folder = {...here, hash: null};
	assert.equal(judgeProject(folder, {...folder, size: '4096'}), 'same');
	assert.equal(judgeProject(folder, {...folder, inode: '1'}), 'copy');
});

test('what a host answers, among the greetings of its shell', () => {
	const hash = 'a'.repeat(64);
	const text = `Welcome!\ngpubox=/home/alice/.local/bin/gpubox\nrsync=\nfolder=yes\nstat=12 1700000000 40\nhash=${hash}  -\n`;
	assert.deepEqual(parseAnswers(text), {
		gpubox: '/home/alice/.local/bin/gpubox',
		rsync: false,
		marker: {inode: '12', modified: '1700000000', size: '40', hash},
	});
	assert.deepEqual(parseAnswers('gpubox=\nrsync=/usr/bin/rsync\nstat=\n'), {gpubox: null, rsync: true, marker: null});
	assert.equal(parseAnswers('gpubox=\nfolder=yes\nstat=\n').marker, undefined);
});

test('the marker of a project', () => {
	const folder = mkdtempSync(join(tmpdir(), 'gpubox-marker-'));
	try {
		assert.equal(markerOf({folder}).hash, null);
		const file = join(folder, 'gpubox.yaml');
		writeFileSync(file, 'gpus: 1\n');
		const marker = markerOf({folder, file});
		assert.equal(marker.size, '8');
		assert.equal(judgeProject(marker, markerOf({folder, file})), 'same');
		writeFileSync(file, 'gpus: 2\n');
		assert.equal(judgeProject(marker, markerOf({folder, file})), 'other');
	} finally {
		rmSync(folder, {recursive: true});
	}
});
