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
	test('prints what cells print, stops at the first error, and saves what came before and the error', async () => {
		await save('fail.ipynb', [
			{cell_type: 'markdown', source: '# Title'},
			"print('one')",
			"import sys; print('warned', file=sys.stderr); 6 * 7",
			"raise ValueError('no data')",
			"print('never')",
		]);
		const {stdout, stderr, code} = await execute('fail.ipynb');
		assert.equal(code, 1);
		assert.equal(stdout, 'one\n42\n');
		assert.match(stderr, /^warned\n[\s\S]*ValueError: no data\n/);
		assert.match(stderr, /^notebook\.py: cell 4 of 5 failed: ValueError: no data; saved as fail-executed\.ipynb$/m);
		assert.deepEqual(await outputsOf('fail-executed.ipynb'), ['', 'one\n', 'warned\n', 'ValueError', '']);
	});

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

	test('SIGTERM interrupts the cell, which may save a checkpoint; the notebook is saved', async () => {
		await save('slow.ipynb', [
			"print('first')",
			"import time\nprint('started', flush=True)\ntry:\n    time.sleep(120)\nexcept KeyboardInterrupt:\n    time.sleep(2)\n    print('checkpoint')",
			"print('never')",
		]);
		const container = await start('slow.ipynb');
		try {
			await waitUntil('the cell to start', async () =>
				(await container.logs({stdout: true})).toString('utf8').includes('started'),
			);
			// Saved before the slow cell, whatever happens to it.
			assert.deepEqual((await outputsOf('slow-executed.ipynb')).slice(0, 1), ['first\n']);
			await container.kill({signal: 'SIGTERM'});
			const {StatusCode} = (await container.wait()) as {StatusCode: number};
			assert.equal(StatusCode, 143);
			const {stdout, stderr} = await logs(container);
			assert.equal(stdout, 'first\nstarted\ncheckpoint\n');
			assert.match(stderr, /^notebook\.py: stopped by SIGTERM in cell 2 of 3; saved as slow-executed\.ipynb$/m);
			assert.deepEqual(await outputsOf('slow-executed.ipynb'), ['first\n', 'started\ncheckpoint\n', '']);
		} finally {
			await container.remove({force: true});
		}
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
