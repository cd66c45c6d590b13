import assert from 'node:assert/strict';
import {
	existsSync,
	lchownSync,
	lstatSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, test} from 'node:test';
import {writeFileOnce} from '../../source/setup/project-file.ts';

const top = mkdtempSync(join(tmpdir(), 'gpubox-project-file-'));
after(() => rmSync(top, {recursive: true}));
const project = () => mkdtempSync(join(top, 'clone-'));

test('links that a clone brings lead gpubox.yaml nowhere else', () => {
	const clone = project();
	const kept = join(top, 'bashrc');
	writeFileSync(kept, 'kept');
	// The second is the name that a half-written file once had.
	for (const name of ['gpubox.yaml', 'gpubox.yaml.new']) {
		symlinkSync(kept, join(clone, name));
	}

	assert.throws(() => writeFileOnce(join(clone, 'gpubox.yaml'), 'gpus: 1\n', false), /created in the meantime/);
	writeFileOnce(join(clone, 'gpubox.yaml'), 'gpus: 1\n', true);
	assert.equal(readFileSync(kept, 'utf8'), 'kept');
	assert.ok(lstatSync(join(clone, 'gpubox.yaml')).isFile());
	assert.deepEqual(readdirSync(clone).sort(), ['gpubox.yaml', 'gpubox.yaml.new']);
});

test('a link that leads nowhere is no place for it either', () => {
	const clone = project();
	symlinkSync(join(top, 'nowhere'), join(clone, 'gpubox.yaml'));
	assert.throws(() => writeFileOnce(join(clone, 'gpubox.yaml'), '', false), /created in the meantime/);
	assert.ok(!existsSync(join(top, 'nowhere')));
});

test('root writes it for who has the project', {skip: process.getuid?.() !== 0}, () => {
	const clone = project();
	lchownSync(clone, 12_345, 12_346);
	writeFileOnce(join(clone, 'gpubox.yaml'), 'gpus: 1\n', false);
	const {uid, gid, mode} = statSync(join(clone, 'gpubox.yaml'));
	assert.deepEqual([uid, gid, mode & 0o777], [12_345, 12_346, 0o666 & ~process.umask()]);
});
