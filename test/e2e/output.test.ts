import assert from 'node:assert/strict';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {makePerson, needsOwnEngine, openTerminal, type Person, testHost} from '../_helpers/test-host/index.ts';

const host = testHost();
const {node, cli} = host.program;

describe('where the output goes', () => {
	let person: Person;
	before(async () => {
		person = await makePerson(host, 'printer');
	});
	after(() => person.remove());

	const shell = (line: string) => person.run('/bin/sh', ['-c', `gpubox() { '${node}' '${cli}' "$@"; }; ${line}`]);

	test('a pipe that takes it late gets all of it', async () => {
		const {stdout} = await shell('gpubox images --all --json | (sleep 1; cat)');
		// More than a pipe holds.
		assert.ok(stdout.length > 65_536);
		assert.doesNotThrow(() => JSON.parse(stdout));
	});

	test('a reader that goes away is no failure', async () => {
		const {stdout, stderr} = await shell('{ gpubox images --all --json; echo $? >&2; } | head -n 1');
		assert.equal(stdout, '{\n');
		assert.equal(stderr, '0\n');
	});

	test('a reader of messages that went away changes nothing of the exit code', async () => {
		for (const [words, code] of [
			['stop nosuchbox', 6],
			['nosuchverb', 2],
			['run nosuch.py', 1],
			['completion bash', 0],
		] as const) {
			const {stderr} = await shell(`{ sleep 0.5; gpubox ${words} 2>&1; echo $? >&3; } 3>&2 | true`);
			assert.equal(stderr, `${code}\n`, words);
		}
	});

	test('a full disk is told in one line', async () => {
		const {stdout, stderr} = await shell('gpubox ls > /dev/full; echo $?');
		assert.equal(stdout, '1\n');
		assert.match(stderr, /^gpubox: The output cannot be written: ENOSPC.*\n {2}→ Make room/);
		assert.equal(stderr.trim().split('\n').length, 2);
	});
});

describe('tables fit the terminal', {skip: needsOwnEngine}, () => {
	let person: Person;
	before(async () => {
		person = await makePerson(host, 'wideeyed');
	});
	after(async () => {
		await person.runGpubox(['rm', '--yes', 'w-folder', 'wideeyed-box-with-a-name-that-is-rather-long']);
		await person.remove();
	});

	const up = (...words: string[]) =>
		person.runGpubox(['up', '--no-wait', '--image', host.images.jupyter, '--gpus', 'none', ...words]);

	for (const [columns, rows] of [
		[60, 20],
		[200, 60],
	] as const) {
		test(`at ${columns}x${rows}, and what does not fit can be seen`, async () => {
			assert.equal((await up('--name', 'wideeyed-box-with-a-name-that-is-rather-long')).code, 0);
			for (const words of [['ls'], ['gpus'], ['images'], ['config']]) {
				const terminal = openTerminal(host, person, words, {columns, rows});
				assert.equal((await terminal.exited).exitCode, 0, words.join(' '));
				const shown = terminal.raw().split('\n');
				const heads = shown.filter((line) => /^[A-Z]{2,}(?: {3,}[A-Z]+)*\s*$/.test(line));
				assert.ok(heads.length > 0, terminal.raw());
				for (const head of heads) {
					const table =
						shown
							.slice(shown.indexOf(head))
							.join('\n')
							.split(/\r?\n(?=\r?\n|To see|Not shown)/)[0] ?? '';
					for (const line of table.split('\n')) {
						assert.ok([...line.trimEnd()].length <= columns, `${words.join(' ')}: ${line}`);
					}
				}

				if (columns === 60) {
					assert.match(terminal.raw(), new RegExp(`To see all: gpubox ${words.join(' ')} --wide`));
				}
			}
		});
	}

	test('--wide prints every column in full', async () => {
		const terminal = openTerminal(host, person, ['ls', '--wide'], {columns: 60, rows: 40});
		assert.equal((await terminal.exited).exitCode, 0);
		assert.doesNotMatch(terminal.raw(), /…|To see all/);
		assert.match(terminal.raw(), /NAME +FOLDER +OWNER +STATE +SERVICES +GPUS +IMAGE +ADDRESS +AGE +IDLE/);
	});

	test('a folder is shown where no name tells it, and a name of another script tells', async () => {
		assert.equal((await up('--name', 'w-folder')).code, 0);
		const {stdout} = await person.runGpubox(['ls']);
		assert.match(stdout, /^NAME +FOLDER +OWNER/);
		assert.ok(stdout.includes(person.project), stdout);
		const folder = join(person.project, '图像分割');
		await person.run('mkdir', [folder]);
		const planned = await up('--dry-run', folder);
		assert.match(planned.stdout, /wideeyed-tu-xiang-fen-ge|[a-z]+-tu-xiang-fen-ge/, planned.stderr);
	});
});
