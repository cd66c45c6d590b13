import assert from 'node:assert/strict';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {dockerOf, makePerson, type Person, testHost} from '../_helpers/test-host/index.ts';
import {buildTorchCpuImage, torchCpuImage} from '../_helpers/test-host/torch-image.ts';

// Jobs with several processes: the real PyTorch of the distribution, on the CPU, with gloo in place of NCCL.

const host = testHost();
const docker = dockerOf(host);

const script = `
import os, sys
import torch
import torch.distributed as dist
dist.init_process_group("gloo")
rank = dist.get_rank()
if rank == 0:
    print("threads", os.environ["OMP_NUM_THREADS"], flush=True)
if len(sys.argv) > 1 and rank == 1:
    if sys.argv[1] == "kill":
        os.kill(os.getpid(), 9)
    os._exit(int(sys.argv[1]))
total = torch.tensor([rank + 1])
dist.all_reduce(total)
if rank == 0:
    print("sum", total.item(), flush=True)
`;

describe('a job with two processes', () => {
	let person: Person;
	const run = (...words: string[]) =>
		person.runGpubox([
			'run',
			...['--image', torchCpuImage, '--gpus', 'none', '--nproc', '2', '--cpus', '2', '--stop-timeout', '20'],
			...['--', 'python3', 'train.py', ...words],
		]);

	before(async () => {
		person = await makePerson(host);
		await writeFile(join(person.project, 'train.py'), script, {mode: 0o644});
		await buildTorchCpuImage(docker, host.images);
	});
	after(async () => {
		const left = await docker.listContainers({all: true, filters: {label: [`gpubox.project=${person.project}`]}});
		for (const {Id} of left) {
			await docker.getContainer(Id).remove({force: true, v: true});
		}

		await person.remove();
	});

	test('adds up a tensor in both, each with its share of the CPUs', async () => {
		const {stdout, stderr, code} = await run();
		assert.equal(code, 0, stderr);
		assert.equal(stdout, 'threads 1\nsum 3\n');
	});

	test('ends with 1 when one of them fails, which is named with its exit code or signal', async () => {
		const failed = await run('3');
		assert.equal(failed.code, 1);
		assert.match(failed.stderr, /ended with exit code 1\. Rank 1 failed(?: first)?: exit code 3/);
		const killed = await run('kill');
		assert.equal(killed.code, 1);
		assert.match(killed.stderr, /Rank 1 failed(?: first)?: killed by SIGKILL/);
	});
});
