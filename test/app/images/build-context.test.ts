import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, describe, test} from 'node:test';
import {extract} from 'tar-stream';
import {readContext} from '../../../source/app/images/build-context.ts';
import type {ContextEntry} from '../../../source/engine/engine.ts';
import {parseIgnore} from '../../../source/text/match/ignore-patterns.ts';
import {readAll, withAnswers} from '../../_helpers/answering-engine.ts';

const {signal} = new AbortController();
const folders: string[] = [];
after(() => {
	for (const folder of folders) {
		rmSync(folder, {recursive: true});
	}
});

function project(): string {
	const folder = mkdtempSync(join(tmpdir(), 'gpubox-context-'));
	folders.push(folder);
	mkdirSync(join(folder, 'src/deep'), {recursive: true});
	mkdirSync(join(folder, 'data'));
	writeFileSync(join(folder, 'src/train.py'), 'print(1)\n');
	writeFileSync(join(folder, 'src/deep/weights.bin'), Buffer.from([0, 255, 10, 13]));
	writeFileSync(join(folder, 'run.sh'), '#!/bin/sh\n');
	chmodSync(join(folder, 'run.sh'), 0o755);
	writeFileSync(join(folder, 'data/set'), 'large');
	symlinkSync('/etc/passwd', join(folder, 'link'));
	execFileSync('mkfifo', [join(folder, 'pipe')]);
	return folder;
}

describe('the files of a project for a build', () => {
	test('files, folders and links as they are; pipes and what is ignored are left out', async () => {
		const found = await readAll(readContext(project(), parseIgnore('data\n'), {signal}));
		assert.deepEqual(
			found.map(({kind, path, mode}) => [kind, path, kind === 'file' ? mode.toString(8) : '']),
			[
				['link', 'link', ''],
				['file', 'run.sh', '755'],
				['folder', 'src', ''],
				['folder', 'src/deep', ''],
				['file', 'src/train.py', '644'],
				['file', 'src/deep/weights.bin', '644'],
			],
		);
	});

	test('an exception is found in a folder that is left out', async () => {
		const found = await readAll(readContext(project(), parseIgnore('*\n!src/deep\n'), {signal}));
		assert.deepEqual(
			found.map(({path}) => path),
			['src/deep', 'src/deep/weights.bin'],
		);
	});

	test('a file that became shorter ends it with its name', async () => {
		const folder = project();
		const file = (await readAll(readContext(folder, parseIgnore(''), {signal}))).find(
			(entry): entry is Extract<ContextEntry, {kind: 'file'}> => entry.path === 'src/train.py',
		);
		truncateSync(join(folder, 'src/train.py'), 3);
		assert.ok(file);
		await assert.rejects(readAll(file.open()), /src\/train\.py became shorter while it was read/);
	});

	test('the engine gets them as an archive, in pieces', async () => {
		const folder = project();
		writeFileSync(join(folder, 'big'), Buffer.alloc(3_000_000, 7));
		const names: string[] = [];
		let big = 0;
		await withAnswers(
			(request, response) => {
				assert.equal(request.headers['content-length'], undefined);
				assert.match(request.url ?? '', /dockerfile=X/);
				const archive = extract();
				archive.on('entry', (head, stream, next) => {
					names.push(`${head.type} ${head.name} ${head.mtime?.getTime()}`);
					stream.on('data', (chunk) => {
						big += head.name === 'big' ? (chunk as Buffer).length : 0;
					});
					stream.on('end', next);
					stream.resume();
				});
				archive.on('finish', () => {
					response.end('{"aux":{"ID":"sha256:1"}}\n');
				});
				request.pipe(archive);
			},
			async (engine) => {
				const context = readContext(folder, parseIgnore('data'), {signal});
				const files = [{path: 'X', content: 'FROM scratch\n'}];
				assert.equal(await engine.buildImage({files, context, dockerfile: 'X', tag: 'x:1'}), 'sha256:1');
			},
		);
		assert.equal(big, 3_000_000);
		assert.deepEqual(names.slice(0, 3), ['file X 0', 'file big 0', 'symlink link 0']);
		assert.equal(names.length, 8);
	});

	test('what cannot be read ends the build', async () => {
		await withAnswers(
			(request, response) => {
				request.resume().once('end', () => response.end('{"aux":{"ID":"sha256:1"}}\n'));
			},
			async (engine) => {
				async function* context(): AsyncGenerator<ContextEntry> {
					yield {kind: 'folder', path: 'a', mode: 0o755};
					throw new Error('disk on fire');
				}

				await assert.rejects(engine.buildImage({files: [], context: context(), tag: 'x:1'}), /disk on fire/);
			},
		);
	});
});
