import assert from 'node:assert/strict';
import {chmod, copyFile, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {type Slurm, startSlurm} from '../_helpers/consumers/slurm.ts';
import {makePerson, needsOwnEngine, type Person, testHost} from '../_helpers/test-host/index.ts';

/*
The batch script is submitted to a real Slurm with two pretend GPUs. pyxis cannot be installed here: a stand-in for srun takes its options off
and has the real srun start the container with docker.
*/

const host = testHost();

describe('the exported batch script on a real Slurm', {skip: needsOwnEngine}, () => {
	let alice: Person;
	let slurm: Slurm;
	const logOf = async (name: string, id: string) => readFile(join(alice.project, `${name}-${id}.out`), 'utf8');

	before(async () => {
		alice = await makePerson(host, 'alice');
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
	});

	const submit = (words: string[] = [], env: Record<string, string> = {}) =>
		slurm.run('sbatch', ['--wait', ...words, 'job.sbatch'], {
			cwd: alice.project,
			env: {
				DOCKER_HOST: host.address,
				REAL_SRUN: slurm.srun,
				GPUBOX_SECRETS: join(alice.home, 'secrets'),
				XDG_CACHE_HOME: join(alice.home, '.cache'),
				...env,
			},
		});

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
});
