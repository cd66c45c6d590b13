import assert from 'node:assert/strict';
import {existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, describe, test} from 'node:test';
import {readTemplate} from '../../../source/base/templates.ts';
import {removeStartFiles, writeBoxFiles} from '../../../source/box/files/write-files.ts';
import type {Paths} from '../../../source/host/host.ts';

const root = mkdtempSync(join(tmpdir(), 'gpubox-start-files-'));
after(() => rmSync(root, {recursive: true}));
const paths = {state: join(root, 'state'), home: join(root, 'home'), cache: join(root, 'cache')} as Paths;
const {uid = 0, gid = 0} = {uid: process.getuid?.(), gid: process.getgid?.()};
const person = {name: 'alice', uid, gid};
const record = {engine: 'unix:///run/docker.sock', project: '/data/train', nonce: 'nonce', labels: {}};

/** Writes the files of a container. @returns the folder that is mounted, and the one around it */
function write(name: string, job?: string[]): {folder: string; mounted: string} {
	writeBoxFiles(paths, name, {runAs: person}, {record, kept: [], job});
	const folder = join(paths.state, name);
	return {folder, mounted: join(folder, 'files')};
}

/** What a file of gpubox names in the folder that is mounted. */
const named = (text: string) =>
	[...text.matchAll(/\/run\/gpubox\/([\w.-]+)/g)].map(([, file = '']) => file).filter((file) => file !== 'ssh');

describe('the files that a container starts with', () => {
	const jobs: Array<[name: string, words: string[]]> = [
		['command', ['/run/gpubox/job', 'true']],
		['script', ['/run/gpubox/job', '/run/gpubox/python', 'train.py']],
		['checked', ['/run/gpubox/job', '/run/gpubox/check-first', '/run/gpubox/torchrun', '--standalone', 'train.py']],
		['notebook', ['/run/gpubox/job', 'python3', '/run/gpubox/notebook.py', 'train.ipynb']],
	];
	for (const [name, words] of jobs) {
		test(`of a job (${name}) are those that its words name, those that these name in turn, and no services`, () => {
			const {folder, mounted} = write(`alice-${name}~1`, words);
			const files = readdirSync(mounted);
			for (const file of named(
				[...words, ...files.map((each) => readFileSync(join(mounted, each), 'utf8'))].join('\n'),
			)) {
				assert.ok(files.includes(file), `${file} is missing`);
			}

			for (const file of ['start', 'start-own', 'jupyter_config.py', 'ssh']) {
				assert.ok(!files.includes(file), file);
			}

			assert.ok(!existsSync(join(folder, 'token')));
			assert.equal(readFileSync(join(mounted, 'job'), 'utf8'), readTemplate('box/job'));
			assert.equal(statSync(join(mounted, 'job')).mode & 0o777, 0o755);
			for (const file of ['shell', 'enter', 'profile.sh']) {
				assert.ok(files.includes(file), `${file}, which whoever enters the container needs`);
			}
		});
	}

	test('of a box are all that any of its services may need', () => {
		const {folder, mounted} = write('alice-train~1');
		const files = readdirSync(mounted);
		for (const file of named(
			files
				.filter((each) => each !== 'ssh')
				.map((each) => readFileSync(join(mounted, each), 'utf8'))
				.join('\n'),
		)) {
			assert.ok(files.includes(file), `${file} is missing`);
		}

		assert.ok(['start', 'start-own', 'ssh'].every((file) => files.includes(file)));
		assert.match(readFileSync(join(folder, 'token'), 'utf8'), /^[\w-]{20,}$/);
	});

	test('are gone once they are not needed, and whose the container was is still known', () => {
		const {folder} = write('alice-train-2~1', ['/run/gpubox/job', 'true']);
		removeStartFiles(paths, 'alice-train-2~1');
		assert.deepEqual(readdirSync(folder), ['origin.json']);
	});
});
