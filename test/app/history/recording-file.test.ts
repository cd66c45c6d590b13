import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {linkSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {type TestContext, test} from 'node:test';
import {createRecordingFile, openMade} from '../../../source/app/history/recording-file.ts';
import type {GpuFrame} from '../../../source/gpu/gpu.ts';

function makeFolder(t: TestContext): string {
	const folder = mkdtempSync(join(tmpdir(), 'gpubox-recording-file-'));
	t.after(() => rmSync(folder, {recursive: true}));
	return folder;
}

test('what is written before the first reading does not wait for it', (t) => {
	const path = join(makeFolder(t), 'a.jsonl');
	const file = createRecordingFile(path, [], false);
	const span = {uuid: 'GPU-a', pid: 7, name: 'early', user: null, box: null, usedMemoryMiB: null, fromMs: 0, toMs: 1};
	file.write([{kind: 'process', span}]);
	file.add({at: 1000, samples: [{uuid: 'GPU-a'}]} as unknown as GpuFrame);
	file.write([{kind: 'process', span: {...span, name: 'late'}}]);
	file.close();
	const text = readFileSync(path, 'utf8');
	assert.doesNotMatch(text, /early/);
	assert.match(text, /late/);
});

test('a file that took the place of the one that was made is not written', (t) => {
	const folder = makeFolder(t);
	const path = join(folder, 'a');
	const replaceBy = {
		'a pipe': () => execFileSync('mkfifo', [path]),
		'a link': () => symlinkSync('other', path),
		'another name of a file': () => linkSync(join(folder, 'empty'), path),
		'a file with something in it': () => writeFileSync(path, 'mine'),
	};
	writeFileSync(join(folder, 'other'), '');
	writeFileSync(join(folder, 'empty'), '');
	for (const [what, replace] of Object.entries(replaceBy)) {
		replace();
		assert.throws(() => openMade(path), /replaced by another program|ELOOP|ENXIO/, what);
		rmSync(path);
	}
});
