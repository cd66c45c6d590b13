import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {existsSync} from 'node:fs';
import {mkdir, readdir, readFile, stat, writeFile} from 'node:fs/promises';
import {delimiter, join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {promisify} from 'node:util';
import {makePerson, openTerminal, type Person, testHost, waitUntil} from '../_helpers/test-host/index.ts';

// Jupyter in the browser: a stand-in for it writes down what it was told, and somebody else looks at all command lines meanwhile.

const host = testHost();
const isRoot = process.getuid?.() === 0;
const run = promisify(execFile);

/** What another account sees of all processes: the command lines. */
async function seenByOthers(): Promise<string> {
	const [file, words] = isRoot
		? (['setpriv', ['--reuid', '65534', '--regid', '65534', '--clear-groups', '--']] as const)
		: (['env', []] as const);
	const {stdout} = await run(file, [...words, 'sh', '-c', 'cat /proc/[0-9]*/cmdline 2>/dev/null || :'], {
		maxBuffer: 64 * 1024 ** 2,
	});
	return stdout.replaceAll('\0', ' ');
}

describe('opening a box in the browser', () => {
	let person: Person;
	let box: {name: string; jupyter: {url: string; token: string}};
	let told: string;
	let env: Record<string, string>;
	before(async () => {
		person = await makePerson(host);
		const bin = join(person.home, 'bin');
		told = join(person.home, 'told');
		await mkdir(bin);
		// It runs for as long as a browser would, until the test has looked.
		await writeFile(
			join(bin, 'xdg-open'),
			`#!/bin/sh\nprintf '%s\\n' "$@" >'${told}.new'; mv '${told}.new' '${told}'\nwhile [ -e '${told}' ]; do sleep 0.1; done\n`,
			{mode: 0o755},
		);
		env = {DISPLAY: ':0', PATH: [bin, person.environment.PATH].join(delimiter)};
		const {stdout, stderr, code} = await person.runGpubox([
			'up',
			'--json',
			'--image',
			host.images.jupyter,
			'--gpus',
			'none',
		]);
		assert.equal(code, 0, stderr);
		box = JSON.parse(stdout) as typeof box;
	});
	after(async () => {
		await run('rm', ['-f', told]);
		await person.runGpubox(['rm', '--yes', box.name]);
		await person.remove();
	});

	/** What the browser got, while it runs. */
	async function lookAtBrowser(): Promise<void> {
		await waitUntil('the browser', async () => existsSync(told));
		const [page = '', ...more] = (await readFile(told, 'utf8')).trimEnd().split('\n');
		assert.deepEqual(more, []);
		const seen = await seenByOthers();
		assert.ok(seen.includes(page), 'the browser runs and is seen');
		assert.ok(!seen.includes(box.jupyter.token));
		assert.ok((await readFile(page, 'utf8')).includes(`${box.jupyter.url}?token=${box.jupyter.token}`));
		const info = await stat(page);
		assert.deepEqual([info.mode & 0o777, info.uid], [0o600, person.uid]);
		const folder = await stat(join(page, '..'));
		assert.deepEqual([folder.mode & 0o777, folder.uid], [0o700, person.uid]);
		assert.equal(join(page, '..'), join(person.home, '.local/share/jupyter/gpubox'));
		await run('rm', [told]);
	}

	test('gpubox open: no command line holds the token, the page leads there, the address is printed', async () => {
		const {stdout, stderr, code} = await person.runGpubox(['open', box.name], {env});
		await lookAtBrowser();
		assert.deepEqual(
			[stdout, stderr, code],
			[`${box.jupyter.url}?token=${box.jupyter.token}\n`, 'Opened in your browser.\n', 0],
		);
	});

	test('gpubox up --open: the same', async () => {
		const {stderr, code} = await person.runGpubox(['up', '--open'], {env});
		await lookAtBrowser();
		assert.deepEqual([stderr, code], ['Opened in your browser.\n', 0]);
	});

	test('o in the session: the same', async () => {
		const terminal = openTerminal(host, person, [], {env: {...person.environment, ...env}});
		await terminal.waitFor(box.name);
		terminal.write('o');
		await lookAtBrowser();
		terminal.write('q');
		await terminal.exited;
	});

	test('without a browser, or over SSH, the address is printed and no page is written', async () => {
		const pages = join(person.home, '.local/share/jupyter/gpubox');
		const before = await readdir(pages);
		const none = await person.runGpubox(['open', box.name], {env: {DISPLAY: ':0', PATH: '/nowhere'}});
		assert.equal(none.code, 0);
		assert.match(none.stderr, /^gpubox: No browser could be started: .*\n {2}→ Open the address yourself\.\n$/);
		assert.match(none.stdout, /\?token=/);
		const far = await person.runGpubox(['open', box.name], {
			env: {...env, SSH_CONNECTION: '192.0.2.7 50312 192.0.2.1 22'},
		});
		assert.deepEqual([far.code, existsSync(told)], [0, false]);
		assert.match(far.stderr, /^First, on your own machine: ssh -NL /);
		assert.deepEqual(await readdir(pages), before);
	});
});
