import assert from 'node:assert/strict';
import {chmod, copyFile, mkdir, readFile, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {PassThrough} from 'node:stream';
import {text as readText} from 'node:stream/consumers';
import {after, before, describe, test} from 'node:test';
import type {Container} from 'dockerode';
import {templatePath} from '../../source/base/templates.ts';
import {notebookCommand, notebookScript} from '../../source/job/notebook/notebook.ts';
import {dockerOf, makePerson, type Person, testHost, waitUntil} from '../_helpers/test-host/index.ts';

// Notebooks in the kernel of a real Jupyter, and as scripts.

const host = testHost();
const docker = dockerOf(host);
const {jupyter: image} = host.images;

type Cell = {
	cell_type: string;
	source: string | string[];
	metadata?: object;
	outputs?: Array<{text?: string | string[]; ename?: string}>;
};

let person: Person;
before(async () => {
	person = await makePerson(host);
	await mkdir(join(person.project, '.git'));
	await writeFile(join(person.project, 'gpubox.yaml'), `image: ${image}\ngpus: none\n`);
	const script = join(person.project, notebookScript);
	await copyFile(templatePath('job/notebook.py'), script);
	await chmod(script, 0o644);
	// A module of the project's must not be taken for Jupyter's package of that name.
	await writeFile(join(person.project, 'nbformat.py'), 'raise SystemExit("the project\'s own")\n');
});
after(() => person.remove());

async function save(name: string, cells: Array<string | Cell>, kernel = 'python3'): Promise<void> {
	const notebook = {
		cells: cells.map((cell) =>
			typeof cell === 'string'
				? {cell_type: 'code', source: cell, metadata: {}, outputs: [], execution_count: null}
				: {metadata: {}, ...(cell.cell_type === 'code' ? {outputs: [], execution_count: null} : {}), ...cell},
		),
		metadata: {
			kernelspec: {name: kernel, language: 'python', display_name: kernel},
			language_info: {name: 'python'},
		},
		nbformat: 4,
		nbformat_minor: 4,
	};
	await writeFile(join(person.project, name), JSON.stringify(notebook));
	await chmod(join(person.project, name), 0o644);
}

async function start(notebook: string, parameters: string[] = []): Promise<Container> {
	const container = await docker.createContainer({
		Image: image,
		Cmd: notebookCommand({notebook, parameters}, {script: `/workspace/${notebookScript}`}),
		User: `${person.uid}:${person.gid}`,
		Env: ['HOME=/tmp'],
		WorkingDir: '/workspace',
		HostConfig: {Binds: [`${person.project}:/workspace`], NetworkMode: 'none', Init: true},
	});
	await container.start();
	return container;
}

async function logs(container: Container): Promise<{stdout: string; stderr: string}> {
	const stream = await container.logs({stdout: true, stderr: true, follow: true});
	const [stdout, stderr] = [new PassThrough(), new PassThrough()];
	docker.modem.demuxStream(stream, stdout, stderr);
	stream.once('end', () => {
		stdout.end();
		stderr.end();
	});
	const [out, errors] = await Promise.all([readText(stdout), readText(stderr)]);
	return {stdout: out, stderr: errors};
}

async function execute(
	notebook: string,
	parameters?: string[],
): Promise<{stdout: string; stderr: string; code: number}> {
	const container = await start(notebook, parameters);
	try {
		const {StatusCode} = (await container.wait()) as {StatusCode: number};
		return {...(await logs(container)), code: StatusCode};
	} finally {
		await container.remove({force: true});
	}
}

async function outputsOf(name: string): Promise<string[]> {
	const {cells} = JSON.parse(await readFile(join(person.project, name), 'utf8')) as {cells: Cell[]};
	return cells.map(({outputs = []}) => outputs.map(({text = '', ename}) => ename ?? [text].flat().join('')).join(''));
}

describe('notebook.py', () => {
	test('parameters override the defaults of the tagged cell', async () => {
		await save('parameters.ipynb', [
			{cell_type: 'code', source: "lr = 1.0\nname = 'none'\nflag = False", metadata: {tags: ['parameters']}},
			'print(type(lr).__name__, lr, name, flag)',
		]);
		const {stdout, code} = await execute('parameters.ipynb', ['lr=3e-4', "name=a 'b'", 'flag=True']);
		assert.equal(code, 0);
		assert.equal(stdout, "float 0.0003 a 'b' True\n");
		assert.equal((await outputsOf('parameters-executed.ipynb')).length, 3);
	});

	test("a kernel that is not in the image falls back to python3; sys.exit's code and a killed kernel come through", async () => {
		await save('exit.ipynb', ['import sys\nsys.exit(7)'], 'conda-env-other-py');
		const left = await execute('exit.ipynb');
		assert.equal(left.code, 7);
		assert.match(left.stderr, /^notebook\.py: there is no kernel "conda-env-other-py" in this image; using python3$/m);
		await save('killed.ipynb', ["print('kept')", 'import os, signal\nos.kill(os.getpid(), signal.SIGKILL)']);
		const killed = await execute('killed.ipynb');
		assert.equal(killed.code, 137);
		assert.match(killed.stderr, /cell 2 of 2 failed: the kernel was killed/);
		assert.deepEqual(await outputsOf('killed-executed.ipynb'), ['kept\n', '']);
		const missing = await execute('missing.ipynb');
		assert.equal(missing.code, 1);
		assert.match(missing.stderr, /^notebook\.py: cannot read missing\.ipynb: No such file/);
	});
});

describe('gpubox convert', () => {
	const script = () => readFile(join(person.project, 'train.py'), 'utf8');

	test('writes the script, which plain Python runs, and keeps one that is there', async () => {
		await save('train.ipynb', [{cell_type: 'markdown', source: 'Train it.'}, "x = '\\t'\nif x:\n\tprint(repr(x))"]);
		const {stdout, stderr, code} = await person.runGpubox(['convert', 'train.ipynb']);
		assert.equal(code, 0, stderr);
		assert.equal(stdout, 'train.py is written.\n');
		assert.match(await script(), /# Train it\.[\s\S]*if x:\n\tprint\(repr\(x\)\)\n/);
		assert.equal((await person.run('python3', ['train.py'])).stdout, "'\\t'\n");
		const again = await person.runGpubox(['convert', 'train.ipynb']);
		assert.equal(again.code, 1);
		assert.match(again.stderr, /^gpubox: train\.py exists already\.\n {2}→ Replace it with --force/);
		const printed = await person.runGpubox(['convert', 'train.ipynb', '-o', '-']);
		assert.equal(printed.stdout, await script());
	});

	test('refuses magics and shell lines with their lines; --strip-magics leaves them out', async () => {
		await save('train.ipynb', [
			'%matplotlib inline\nimport os\nif True:\n    !pip install \\\n        einops',
			{cell_type: 'markdown', source: 'text'},
			'%%bash\nls',
			"%time y = 7 % 4\ns = '''\n%no magic\n'''\nprint(y, s)",
		]);
		const refused = await person.runGpubox(['convert', '--force', 'train.ipynb']);
		assert.equal(refused.code, 1);
		assert.equal(
			refused.stderr,
			`gpubox: train.ipynb has 4 lines that are not Python.
  cell 1, line 1: %matplotlib inline
  cell 1, line 4: !pip install \\
  cell 3, line 1: %%bash
  cell 4, line 1: %time y = 7 % 4
  → Move what they install to packages in gpubox.yaml, or leave them out: --strip-magics
`,
		);
		const {stderr, code} = await person.runGpubox(['convert', '--force', '--strip-magics', 'train.ipynb']);
		assert.equal(code, 0, stderr);
		assert.match(stderr, /^Left out: cell 1, line 1: %matplotlib inline$/m);
		assert.equal((await person.run('python3', ['train.py'])).stdout, '3 \n%no magic\n\n');
	});

	test('tells what is not there, not a notebook, or not Python', async () => {
		const missing = await person.runGpubox(['convert', 'missing.ipynb']);
		assert.equal(missing.code, 1);
		assert.match(missing.stderr, /^gpubox: No such notebook: .*missing\.ipynb\n/);
		await writeFile(join(person.project, 'text.ipynb'), 'hello');
		const text = await person.runGpubox(['convert', 'text.ipynb']);
		assert.equal(text.code, 1);
		assert.match(text.stderr, /^gpubox: text\.ipynb is not a notebook\.\n/);
		await save('await.ipynb', ['x = 1', 'y = 2\nawait y']);
		const waits = await person.runGpubox(['convert', 'await.ipynb']);
		assert.equal(waits.code, 1);
		assert.match(waits.stderr, /^gpubox: await\.ipynb: cell 2, line 2: 'await' outside function\n/);
		await rm(join(person.project, 'text.ipynb'));
	});
});

describe('gpubox run with a notebook', () => {
	type Kept = {exitCode: number; folder: string; files: Array<{path: string}>};
	const run = (options: string[], ...command: string[]) => person.runGpubox(['run', ...options, '--', ...command]);
	const kept = async (name: string) => {
		const {stdout, stderr} = await person.runGpubox(['runs', 'show', name, '--json']);
		assert.notEqual(stdout, '', stderr);
		return JSON.parse(stdout) as Kept;
	};

	test('executes it where it is, with its parameters, prints as it goes, and keeps it with its outputs', async () => {
		await mkdir(join(person.project, 'sub'), {recursive: true, mode: 0o755});
		await writeFile(join(person.project, 'sub', 'helper.py'), 'step = 2\n', {mode: 0o644});
		await save('sub/good.ipynb', [
			{cell_type: 'code', source: 'lr = 1.0', metadata: {tags: ['parameters']}},
			'import helper\nprint(lr * helper.step)',
			"import sys; print('warned', file=sys.stderr); 6 * 7",
		]);
		const {stdout, stderr, code} = await run(['--name', 'good'], 'sub/good.ipynb', '-p', 'lr=3e-4');
		assert.equal(code, 0, stderr);
		assert.equal(stdout, '0.0006\n42\n');
		assert.match(stderr, /^warned$/m);
		const {folder, files} = await kept('good-1');
		assert.deepEqual(
			files.map(({path}) => path),
			['runs/good-1/notebook.ipynb'],
		);
		assert.deepEqual(await outputsOf(join('runs', 'good-1', 'notebook.ipynb')), ['', '', '0.0006\n', 'warned\n']);
		assert.match(await readFile(join(folder, 'log'), 'utf8'), /^0\.0006\n/);
	});

	test('that fails in its third cell of code is kept with what the others printed, and with the error', async () => {
		await save('third.ipynb', [
			{cell_type: 'markdown', source: '# Title'},
			"print('one')",
			"print('two')",
			"raise ValueError('no data')",
			"print('never')",
		]);
		const {stdout, stderr, code} = await run(['--name', 'third'], 'third.ipynb');
		assert.equal(code, 1);
		assert.equal(stdout, 'one\ntwo\n');
		assert.match(
			stderr,
			/cell 4 of 5 failed: ValueError: no data; saved as \/workspace\/runs\/third-1\/notebook\.ipynb/,
		);
		assert.match(
			stderr,
			/^gpubox: third-1 ended with exit code 1\. Cell 4 of 5 failed: ValueError: no data\.\n {2}→ .*: runs\/third-1\/notebook\.ipynb$/m,
		);
		assert.deepEqual(await outputsOf('runs/third-1/notebook.ipynb'), ['', 'one\n', 'two\n', 'ValueError', '']);
		assert.deepEqual(
			(await kept('third-1')).files.map(({path}) => path),
			['runs/third-1/notebook.ipynb'],
		);
	});

	test('that is stopped is kept as far as it got', async () => {
		await save('long.ipynb', [
			"print('first')",
			"import time\ntry:\n    print('started', flush=True)\n    time.sleep(120)\nexcept KeyboardInterrupt:\n    print('checkpoint')",
			"print('never')",
		]);
		const detached = await run(['--detach', '--name', 'long'], 'long.ipynb');
		assert.equal(detached.code, 0, detached.stderr);
		await waitUntil('the second cell', async () =>
			(await person.runGpubox(['logs', 'long-1'])).stdout.includes('started'),
		);
		assert.equal((await person.runGpubox(['stop', 'long-1'])).code, 0);
		assert.equal((await person.runGpubox(['wait', 'long-1'])).code, 143);
		assert.deepEqual(await outputsOf('runs/long-1/notebook.ipynb'), ['first\n', 'started\ncheckpoint\n', '']);
	});

	test('is refused before anything starts when it is missing, or given to Python, or its parameters are none', async () => {
		const cases: Array<[number, RegExp, ...string[]]> = [
			[1, /^gpubox: No such file: .*\/thirdd\.ipynb\n {2}→ Did you mean "third\.ipynb"/, 'thirdd.ipynb'],
			[2, /^gpubox: python does not run notebooks\.\n {2}→ .*gpubox run -- third\.ipynb/, 'python', 'third.ipynb'],
			[1, /^gpubox: text\.ipynb is not a notebook\.\n/, 'text.ipynb'],
			[1, /^gpubox: Cannot read folder\.ipynb: .*\n {2}→ Choose a notebook that you may read\./, 'folder.ipynb'],
			[2, /A notebook takes only parameters, not "--lr"/, 'third.ipynb', '--lr', '3'],
		];
		await writeFile(join(person.project, 'text.ipynb'), 'hello');
		await mkdir(join(person.project, 'folder.ipynb'), {recursive: true});
		for (const [expected, text, ...command] of cases) {
			const {stderr, code} = await run(['--name', 'refused'], ...command);
			assert.equal(code, expected, stderr);
			assert.match(stderr, text);
		}

		assert.equal((await person.runGpubox(['runs', 'show', 'refused-1'])).code, 6);
	});

	test('may be of the format before 2014', async () => {
		const cell = {cell_type: 'code', collapsed: false, input: ["print('worksheet')"], language: 'python', metadata: {}};
		const worksheets = [{cells: [{...cell, outputs: []}], metadata: {}}];
		const old = JSON.stringify({nbformat: 3, nbformat_minor: 0, metadata: {name: ''}, worksheets});
		await writeFile(join(person.project, 'old.ipynb'), old);
		const {stdout, stderr, code} = await run([], 'old.ipynb');
		assert.deepEqual([code, stdout], [0, 'worksheet\n'], stderr);
	});

	test('is a script with --nproc, without magics, in its own folder', async () => {
		await save('sub/ranks.ipynb', [
			{cell_type: 'code', source: 'lr = 1.0', metadata: {tags: ['parameters']}},
			'%matplotlib inline\nimport helper, os\nprint(lr * helper.step, os.path.basename(os.getcwd()))',
		]);
		const refused = await run(['--nproc', '2'], 'sub/ranks.ipynb');
		assert.match(
			refused.stderr,
			/sub\/ranks\.ipynb: cell 2, line 1: %matplotlib inline is not Python\.\n {2}→ .*--strip-magics/,
		);
		// The image has no PyTorch, and so no torchrun: one that only starts what it is given.
		await mkdir(join(person.project, 'bin'), {recursive: true});
		await writeFile(
			join(person.project, 'bin', 'torchrun'),
			'#!/bin/sh\necho "$1 $2 $3"\nshift 3\nexec python3 "$@"\n',
			{mode: 0o755},
		);
		await chmod(join(person.project, 'bin', 'torchrun'), 0o755);
		const {stdout, stderr, code} = await run(
			['--nproc', '2', '--strip-magics', '--name', 'ranks', '--env', 'PATH=/workspace/bin:/usr/bin:/bin'],
			'sub/ranks.ipynb',
			'-p',
			'lr=2',
		);
		assert.equal(code, 0, stderr);
		assert.match(stderr, /^Left out: cell 3, line 1: %matplotlib inline$/m);
		assert.equal(stdout, '--standalone --nnodes=1 --nproc_per_node=2\n4 sub\n');
		assert.deepEqual(
			(await kept('ranks-1')).files.map(({path}) => path),
			['runs/ranks-1/notebook-script.py'],
		);
	});
});
