import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, beforeEach, describe, test} from 'node:test';
import {readTemplate} from '../../../source/base/templates.ts';
import {asInBox} from '../../../source/box/in-box.ts';

// The scripts of a box and of its layers, as a shell runs them: with folders of the test in place of those of a box.

const root = mkdtempSync(join(tmpdir(), 'scripts-of-a-box-'));
after(() => rmSync(root, {recursive: true}));
const state = join(root, 'state');
const files = join(root, 'files');
const bin = join(root, 'bin');

function place(folder: string, name: string, content: string): string {
	const path = join(folder, name);
	writeFileSync(path, content.replaceAll('/tmp/gpubox', state).replaceAll(/\/run\/gpubox|\/opt\/gpubox/g, files));
	chmodSync(path, 0o755);
	return path;
}

function run(
	[file = '', ...words]: string[],
	environment: Record<string, string> = {},
): {code: number | null; stdout: string; stderr: string} {
	const {status, stdout, stderr} = spawnSync(file, words, {
		encoding: 'utf8',
		env: {PATH: `${bin}:/usr/local/bin:/usr/bin:/bin`, ...environment},
		timeout: 60_000,
	});
	return {code: status, stdout, stderr};
}

before(() => {
	for (const folder of [files, bin]) {
		mkdirSync(folder);
	}

	for (const name of ['run-entrypoint', 'capture', 'enter']) {
		place(files, name, readTemplate(`box/${name}`));
	}

	place(files, 'install', readTemplate('derive/install'));
});
beforeEach(() => {
	rmSync(state, {recursive: true, force: true});
	mkdirSync(state);
});

/** An environment afterwards, by name, and what was said. */
function switchOn(shell: string, entrypoint: string[], environment: Record<string, string> = {}) {
	const script = `set -eu; . ${files}/run-entrypoint; if run_entrypoint ${files}/capture "$@"; then echo switched; fi; exec env`;
	const {stdout, stderr} = run([shell, '-c', script, 'sh', ...entrypoint], environment);
	// What the entrypoint prints comes first.
	const [, later] = stdout.split('switched\n');
	const lines = (later ?? stdout).split('\n');
	const values = new Map(lines.map((line) => [line.split('=')[0], line.slice(line.indexOf('=') + 1)]));
	return {switched: later !== undefined, values, stderr};
}

for (const shell of ['dash', 'bash'].filter((name) => existsSync(`/bin/${name}`))) {
	describe(`an image's entrypoint, with ${shell} for the shell`, () => {
		const entrypoint = (name: string, script: string) => place(root, name, `#!/bin/sh\n${script}\n`);

		test('gives its environment to what is started after it, and takes nothing of the box away', () => {
			const own = entrypoint(
				'activate',
				`export PATH=/opt/env/bin:$PATH ENV_ACTIVE=yes "QUOTED=it's \\"so\\"
and on" HOME=/root GPUBOX_NAME=other\necho A banner.\ncd /\nexec "$@"`,
			);
			const {switched, values} = switchOn(shell, [own], {HOME: '/home/alice', GPUBOX_NAME: 'alice-train'});
			assert.ok(switched);
			assert.equal(values.get('PATH'), `/opt/env/bin:${bin}:/usr/local/bin:/usr/bin:/bin`);
			assert.deepEqual(
				['ENV_ACTIVE', 'QUOTED', 'HOME', 'GPUBOX_NAME'].map((name) => values.get(name)),
				['yes', `it's "so"`, '/home/alice', 'alice-train'],
			);
		});

		test('is taken with its arguments, as of tini or a shell', () => {
			for (const words of [
				['env'],
				['/bin/sh', '-c', 'export X=1; exec "$@"', '--'],
				['/bin/sh', '-c', '"$@"', 'sh'],
			]) {
				assert.ok(switchOn(shell, words).switched, words.join(' '));
			}
		});

		test('that fails, ignores its arguments, or is not there changes nothing, and says so', () => {
			for (const words of [
				[entrypoint('fails', 'exit 3')],
				[entrypoint('ignores', 'export ENV_ACTIVE=yes; true')],
				['/nowhere/entrypoint'],
			]) {
				rmSync(join(state, 'entrypoint.failed'), {force: true});
				const {switched, values, stderr} = switchOn(shell, words);
				assert.deepEqual([switched, values.get('ENV_ACTIVE')], [false, undefined], words.join(' '));
				assert.match(stderr, /^gpubox: the image's entrypoint \(.*\) did not start its arguments/m);
				assert.ok(existsSync(join(state, 'entrypoint.failed')));
			}
		});

		test('that never ends is ended, with all that it started', () => {
			place(bin, 'sleep', '#!/bin/sh\ncase $1 in 0.1) exec /bin/sleep 0.002 ;; *) exec /bin/sleep "$1" ;; esac\n');
			const pids = join(root, `pids-${shell}`);
			const server = entrypoint(
				'server',
				`/bin/sleep 300 & echo $! >${pids}\n/bin/sleep 300 & echo $! >>${pids}\nwait`,
			);
			assert.equal(switchOn(shell, [server]).switched, false);
			const quick = entrypoint('leaves', `/bin/sleep 300 & echo $! >>${pids}\nexec "$@"`);
			assert.equal(switchOn(shell, [quick]).switched, true);
			rmSync(join(bin, 'sleep'));
			const left = readFileSync(pids, 'utf8').trim().split('\n');
			assert.equal(left.length, 3);
			for (const pid of left) {
				// A process whose parent has not asked for its end yet counts as ended.
				const status = existsSync(`/proc/${pid}/status`) ? readFileSync(`/proc/${pid}/status`, 'utf8') : '';
				assert.doesNotMatch(status, /^State:\s+[RSD]/m, pid);
			}
		});
	});
}

describe('a command that gpubox runs in a box', () => {
	const inBox = (command: string[], environment: Record<string, string> = {}) => {
		const [file, ...words] = asInBox(command).map((word) => word.replaceAll('/run/gpubox', files));
		return run([file ?? '', ...words], environment);
	};

	test("has the environment of the box's other programs, and the caller's terminal", () => {
		writeFileSync(
			join(state, 'environment'),
			"export PATH='/opt/env/bin:/bin:/usr/bin'\nexport LANG='C'\nexport X='1'\n",
		);
		const {stdout} = inBox(['sh', '-c', 'echo "$PATH $LANG $TERM $X $gpubox_TERM."'], {
			LANG: 'de_DE.UTF-8',
			TERM: 'xterm',
		});
		assert.equal(stdout, '/opt/env/bin:/bin:/usr/bin de_DE.UTF-8 xterm 1 .\n');
	});

	test('has the umask of the user who started the box', () => {
		assert.equal(inBox(['sh', '-c', 'umask'], {GPUBOX_UMASK: '0002'}).stdout, '0002\n');
	});

	test('passes on exit codes and arguments, also in a box of an earlier version', () => {
		assert.equal(inBox(['sh', '-c', 'exit 42']).code, 42);
		assert.equal(inBox(['printf', '[%s]', 'a b', '$c', '']).stdout, '[a b][$c][]');
		const [file = '', ...words] = asInBox(['echo', 'as ever']);
		assert.equal(run([file, ...words]).stdout, 'as ever\n');
	});
});

describe('adding Jupyter to an image', () => {
	const install = (python: string, pip: string) => {
		// A pip that knows no newer options, as that of Debian 11 and Ubuntu 22.04: it refuses them, and ignores variables.
		place(
			bin,
			'python3',
			`#!/bin/sh
case "$*" in
*--root-user-action* | *--break-system-packages*) echo "no such option" >&2; exit 2 ;;
"-m pip --version") [ "${pip}" = yes ] ;;
"-c import sys"*) echo ${python} ;;
"-m pip install "*) shift 3; printf '%s\\n' "$@" >${root}/installed ;;
esac
`,
		);
		rmSync(join(root, 'installed'), {force: true});
		// The machine of the tests may have a Jupyter of its own.
		for (const name of ['sh', 'env', 'rm']) {
			place(bin, name, `#!/bin/bash\nexec /bin/${name} "$@"\n`);
		}

		const result = run(['/bin/sh', join(files, 'install'), 'jupyter'], {PATH: bin});
		const installed = existsSync(join(root, 'installed')) ? readFileSync(join(root, 'installed'), 'utf8') : '';
		return {...result, installed};
	};
	after(() => {
		for (const name of ['sh', 'env', 'rm', 'python3']) {
			rmSync(join(bin, name), {force: true});
		}
	});

	test('works with the pip of older distributions', () => {
		const {code, stderr, installed} = install('310', 'yes');
		assert.equal(code, 0, stderr);
		assert.match(installed, /^jupyterlab>=4\.4,<5$/m);
		assert.match(installed, /^jupyter-server>=2\.21$/m);
	});

	test('takes the newest that an older Python can have', () => {
		const {code, stderr, installed} = install('309', 'yes');
		assert.equal(code, 0, stderr);
		assert.match(installed, /^jupyterlab>=4,<5$/m);
		assert.match(installed, /^jupyter-server>=2\.14$/m);
	});

	test('says which Python an image has and which is needed', () => {
		const {code, stderr} = install('307', 'yes');
		assert.deepEqual(
			[code, stderr],
			[1, 'gpubox: this image has Python 3.7, the Jupyter that gpubox adds needs 3.8\n'],
		);
	});

	test('says that it can be added by nothing', () => {
		const {code, stderr} = install('312', 'no');
		assert.deepEqual(
			[code, stderr],
			[1, 'gpubox: this image has neither pip nor apt-get, so Jupyter cannot be added to it\n'],
		);
	});
});
