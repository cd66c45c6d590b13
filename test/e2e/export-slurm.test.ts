import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {chmod, copyFile, mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {delimiter, join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {type Slurm, startSlurm} from '../_helpers/consumers/slurm.ts';
import {makePerson, needsOwnEngine, type Person, testHost, waitUntil} from '../_helpers/test-host/index.ts';
import {type RunOptions, runToEnd} from '../_helpers/test-host/person.ts';

/*
What `gpubox export slurm` writes and what `gpubox run --on slurm` submits. The batch script is submitted to a real Slurm with two pretend GPUs. pyxis cannot be installed here: a stand-in for srun takes its options off
and has the real srun start the container with docker.
*/

const host = testHost();

describe('a real Slurm', {skip: needsOwnEngine}, () => {
	let alice: Person;
	let slurm: Slurm;
	let rootHome = '';
	const logOf = async (name: string, id: string) => readFile(join(alice.project, `${name}-${id}.out`), 'utf8');

	before(async () => {
		alice = await makePerson(host, 'alice');
		rootHome = await mkdtemp(join(host.folder, 'root-'));
		await writeFile(join(rootHome, 'passwd'), `root:x:0:0:root:${rootHome}:/bin/sh\n`);
		slurm = await startSlurm();
		await copyFile(fileURLToPath(new URL('../_helpers/consumers/pyxis.sh', import.meta.url)), join(slurm.bin, 'srun'));
		await chmod(join(slurm.bin, 'srun'), 0o755);
		await writeFile(
			join(alice.project, 'gpubox.yaml'),
			`name: batch\nimage: ${host.images.jupyter}\ngpus: 2\nenv: {ODD: "a $b 'c'"}\nsecrets: [TOKEN]\n`,
		);
		await writeFile(
			join(alice.project, 'job.py'),
			[
				'import os, pathlib, sys',
				'print("GPUs", os.environ["CUDA_VISIBLE_DEVICES"])',
				'print("ODD", os.environ["ODD"], sys.argv[1:])',
				'print("secret", pathlib.Path("/run/secrets/TOKEN").read_text(), os.getcwd())',
				'pathlib.Path("result").write_text("done")',
				'sys.exit(7)',
			].join('\n'),
		);
	});
	after(async () => {
		await slurm?.stop();
		await alice?.remove();
		await rm(rootHome, {recursive: true, force: true});
	});

	const environment = () => ({
		DOCKER_HOST: host.address,
		REAL_SRUN: slurm.srun,
		GPUBOX_SECRETS: join(alice.home, 'secrets'),
		XDG_CACHE_HOME: join(alice.home, '.cache'),
	});
	const submit = (words: string[] = [], env: Record<string, string> = {}) =>
		slurm.run('sbatch', ['--wait', ...words, 'job.sbatch'], {
			cwd: alice.project,
			env: {...environment(), ...env},
		});
	/** As root, whom this Slurm knows; in alice's home gpubox keeps nothing of root's, so root has another one than that of the machine. */
	const asRoot = (words: string[]) => [
		...['--mount', 'sh', '-c', 'mount --bind "$1" /etc/passwd && shift && exec "$@"', 'sh', join(rootHome, 'passwd')],
		...[host.program.node, host.program.cli, ...words],
	];
	const gpubox = (words: string[], {env, ...options}: Omit<RunOptions, 'cwd'> = {}) =>
		runToEnd('unshare', asRoot(words), {
			input: '',
			...options,
			cwd: alice.project,
			env: {...alice.environment, ...slurm.environment, HOME: alice.home, ...environment(), ...env},
		});
	const runOn = (options: string[], ...command: string[]) =>
		gpubox(['run', '--on', 'slurm', '--trust', '--memory', '200m', '--timeout', '10m', ...options, '--', ...command]);
	const known = async (name: string) => {
		const {stdout} = await gpubox(['runs', '--json']);
		const {runs} = JSON.parse(stdout) as {runs: Array<Record<string, unknown>>};
		return runs.find((run) => run.name === name);
	};

	test('it gets its GPUs, words, variables and secrets, and its exit code is that of the job', async () => {
		const written = await alice.runGpubox([
			...['export', 'slurm', '-o', '.', '--timeout', '10m', '--memory', '200m', '--'],
			...['python3', 'job.py', "it's", '$HOME'],
		]);
		assert.equal(written.code, 0, written.stderr);
		await alice.run('sh', ['-c', 'mkdir -m 700 -p "$HOME/secrets" && printf hunter2 > "$HOME/secrets/TOKEN"']);
		const {stdout, stderr, code} = await submit();
		const [, id = ''] = /Submitted batch job (\d+)/.exec(stdout) ?? [];
		const log = await logOf('batch', id);
		assert.equal(code, 7, `${stderr}${log}`);
		assert.match(log, /^GPUs 0,1$/m);
		assert.match(log, /^ODD a \$b 'c' \["it's", '\$HOME'\]$/m);
		assert.match(log, /^secret hunter2 \/workspace$/m);
		assert.equal(await readFile(join(alice.project, 'result'), 'utf8'), 'done');
	});

	test('a secret that is missing ends it before the container starts', async () => {
		const {stdout, code} = await submit([], {GPUBOX_SECRETS: '/nowhere'});
		const [, id = ''] = /Submitted batch job (\d+)/.exec(stdout) ?? [];
		assert.equal(code, 1);
		assert.match(await logOf('batch', id), /The secret TOKEN is missing\. It belongs into \/nowhere\/TOKEN/);
	});

	test('more GPUs than a node has are refused at once', async () => {
		const written = await alice.runGpubox(['export', 'slurm', '-o', '.', '--force', '--gpus', '3', '--', 'true']);
		assert.equal(written.code, 0, written.stderr);
		const {stderr, code} = await submit();
		assert.equal(code, 1);
		assert.match(stderr, /Requested node configuration is not available/);
	});

	test('run --on: where it runs, its output, its code, and what is kept of it', async () => {
		const {stdout, stderr, code} = await runOn([], 'python3', 'job.py', "it's");
		assert.equal(code, 7, stderr);
		assert.match(stdout, /^GPUs 0,1$/m);
		assert.match(stdout, /^ODD a \$b 'c' \["it's"\]$/m);
		assert.match(stderr, /^Slurm cluster gpubox\. GPUs of a node, by partition: gpu \(default\) gpu:2$/m);
		const [, name = ''] = /^(\S+) runs on \S+ \(GPU 0-1 of \S+\)\.$/m.exec(stderr) ?? [];
		assert.match(stderr, new RegExp(`gpubox: ${name} ended with exit code 7\\.`));
		const run = await known(name);
		assert.deepEqual([run?.on, run?.state, run?.exitCode], ['slurm', 'done', 7]);
		assert.equal(await readFile(join(alice.project, 'runs', name, 'log'), 'utf8'), stdout);
		const shown = await gpubox(['logs', name]);
		assert.equal(shown.stdout, stdout);
	});

	test('run --on: one that waits says why within 3 s, and Ctrl-C takes it out of the queue; one that runs is stopped later', async () => {
		const script = 'trap "echo saved; exit 5" TERM; echo ready; while :; do sleep 0.1; done';
		const detached = await runOn(['--detach'], 'sh', '-c', script);
		const name = detached.stdout.trim();
		assert.equal(detached.code, 0, detached.stderr);
		const follower = gpubox(['logs', '-f', name]);
		const log = join(alice.project, 'runs', name, 'log');
		await waitUntil('the job to be ready', async () => /ready/.test(await readFile(log, 'utf8').catch(() => '')));
		await refuseToWait();
		const stopped = await gpubox(['stop', name]);
		assert.deepEqual([stopped.stdout, stopped.code], [`${name}\n`, 0], stopped.stderr);
		// Slurm's own lines are in it, too.
		assert.match((await follower).stdout, /^ready\n(?:.*\n)*saved\n/);
		assert.equal((await gpubox(['wait', name])).code, 5);
		assert.deepEqual((await known(name))?.exitCode, 5);
	});

	/** A second job while all GPUs are taken. */
	async function refuseToWait(): Promise<void> {
		const words = ['run', '--on', 'slurm', '--trust', '--memory', '200m', '--', 'true'];
		const child = spawn('unshare', asRoot(words), {
			cwd: alice.project,
			env: {...alice.environment, ...slurm.environment, HOME: alice.home, ...environment()},
			stdio: ['ignore', 'ignore', 'pipe'],
		});
		let told = '';
		let submitted = 0;
		let reasoned = 0;
		child.stderr.setEncoding('utf8').on('data', (text: string) => {
			told += text;
			submitted ||= / is job \d+ of slurm/.test(told) ? performance.now() : 0;
			reasoned ||= / waits: /.test(told) ? performance.now() : 0;
		});
		const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
		await waitUntil('the reason', () => / waits: .*\((?:Resources|Priority)\)/.test(told));
		assert.ok(reasoned - submitted < 3500, `after ${reasoned - submitted} ms: ${told}`);
		child.kill('SIGINT');
		assert.equal(await ended, 130, told);
		assert.match(told, /It was cancelled before it started\./);
		assert.doesNotMatch((await slurm.run('squeue', ['--noheader'], {cwd: alice.project})).stdout, / PD /);
	}

	test('run --on over ssh, from a folder that both see: a node that goes is named', async () => {
		// Stands for ssh: the other machine is this one.
		await writeFile(
			join(alice.home, 'ssh'),
			'#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done\necho "$2" >> "$HOME/ssh.log"\nexec sh -c "$3"\n',
			{mode: 0o755},
		);
		const env = {PATH: [alice.home, slurm.environment.PATH].join(delimiter)};
		const {stdout, stderr} = await gpubox(
			[
				...[
					'--host',
					'ssh://alice@login.example',
					'run',
					'--on',
					'slurm',
					'--trust',
					'--memory',
					'200m',
					'--gpus',
					'1',
				],
				...['--detach', '--', 'sh', '-c', 'echo there; exec sleep 300'],
			],
			{env},
		);
		const name = stdout.trim();
		const log = join(alice.project, 'runs', name, 'log');
		await waitUntil(`the job to run: ${stderr}`, async () => /there/.test(await readFile(log, 'utf8').catch(() => '')));
		assert.match(await readFile(join(alice.home, 'ssh.log'), 'utf8'), /^alice@login\.example$/m);
		const node = (await slurm.run('sinfo', ['--noheader', '--format=%n'], {cwd: alice.project})).stdout.trim();
		await slurm.run('scontrol', ['update', `NodeName=${node}`, 'State=DOWN', 'Reason=test'], {cwd: alice.project});
		const waited = await gpubox(['wait', name], {env});
		assert.equal(waited.code, 1);
		assert.match(waited.stderr, new RegExp(`Its node ${node} failed\\.`));
		assert.equal((await known(name))?.state, 'lost');
	});

	test('run --on: Slurm refuses, and there is no Slurm', async () => {
		const refused = await runOn(['--gpus', '3'], 'true');
		assert.equal(refused.code, 125);
		assert.match(refused.stderr, /Slurm refused the job: .*Requested node configuration is not available/);
		const unlocked = await runOn(['--locked'], 'true');
		assert.equal(unlocked.code, 2);
		assert.match(unlocked.stderr, /has no gpubox\.lock/);
		const none = await alice.runGpubox(['run', '--on', 'slurm', '--trust', '--', 'true']);
		assert.equal(none.code, 3);
		assert.match(none.stderr, /No Slurm on this machine: sbatch is not installed\.\n.*login node/);
	});
});
