import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {Failure} from '../../source/base/failure.ts';
import {planBox} from '../../source/box/plan/plan.ts';
import type {BoxFacts, BoxRequest} from '../../source/box/plan/types.ts';
import type {EngineInfo} from '../../source/engine/engine.ts';
import {type Job, planJob} from '../../source/job/job.ts';
import {publishSpecOf} from '../../source/job/runs/publish.ts';
import {checkCommand, scriptOf} from '../../source/job/script.ts';
import {findFailedRank, tellFailedRank, torchrunArguments} from '../../source/job/torchrun.ts';

const request: BoxRequest = {
	project: '/data/train',
	services: [],
	gpus: '4',
	shareGpus: false,
	bind: '127.0.0.1',
	mounts: [{type: 'bind', source: '/data/images', target: '/data', readOnly: true}],
	environment: {SEED: '1'},
	secrets: [{name: 'TOKEN', variable: true}],
};
const alice = {name: 'alice', uid: 1000, gid: 1000};
const facts: BoxFacts = {
	request,
	person: alice,
	runAs: alice,
	name: 'alice-train-3',
	folder: 'alice-train-3~1',
	nonce: 'nonce',
	imageLabels: [],
	image: 'image',
	startImage: 'derived',
	gpus: ['GPU-0', 'GPU-1', 'GPU-2', 'GPU-3'],
	gpuShare: 0.5,
	raisesLimits: true,
	ports: {},
	engine: {cpus: 64, memoryBytes: 256 * 1024 ** 3, flavour: 'docker'} as EngineInfo,
	paths: {config: '/c', state: '/state', home: '/h', cache: '/k', ssh: '/s', secrets: '/dev/shm/gpubox-1000'},
	now: new Date('2026-01-01T00:00:00Z'),
} as BoxFacts;
const job: Job = {command: ['python', 'train.py'], workingDirectory: '/workspace', stopSeconds: 120};

describe('the container of a job', () => {
	test('is that of its box in everything but the command, how it ends and what it is called', () => {
		const own = new Set([
			'entrypoint',
			'command',
			'environment',
			'labels',
			'stopTimeoutSeconds',
			'logMaxSize',
			'logMaxFiles',
		]);
		const shared = (spec: object) => Object.fromEntries(Object.entries(spec).filter(([key]) => !own.has(key)));
		assert.deepEqual(shared(planJob(facts, job)), shared(planBox(facts)));
		const box = planBox(facts).environment;
		for (const [name, value] of Object.entries(planJob(facts, job).environment)) {
			assert.ok(value === box[name] || ['PYTHONUNBUFFERED', 'GPUBOX_RUN'].includes(name), name);
		}
	});

	test('has its own command, time to end, and label', () => {
		const spec = planJob(facts, job);
		assert.deepEqual([spec.command, spec.stopTimeoutSeconds], [['python', 'train.py'], 120]);
		const script = {...job, command: ['train.py', '--lr', '1'], isScript: true};
		assert.deepEqual(planJob(facts, script).command, ['/run/gpubox/python', 'train.py', '--lr', '1']);
		assert.equal(planJob(facts, {...script, processes: 2}).command?.[4], 'train.py');
		assert.equal(spec.environment.GPUBOX_RUN, '/workspace/runs/alice-train-3');
		assert.deepEqual([spec.labels['gpubox.kind'], spec.labels['gpubox.stop-timeout']], ['run', '120']);
		assert.equal(planBox(facts).labels['gpubox.kind'], '');
	});

	test("runs the image's entrypoint for its environment, as its box does", () => {
		const switched = {...facts, entrypoint: ['/opt/entrypoint.sh', '--']};
		assert.deepEqual(planBox(switched).command, ['--', '/opt/entrypoint.sh', '--']);
		assert.deepEqual(planJob(switched, job).entrypoint, [
			...['/run/gpubox/job', '--entrypoint', '2', '/opt/entrypoint.sh', '--'],
		]);
		assert.deepEqual(planJob(switched, job).command, ['python', 'train.py']);
		assert.deepEqual(publishSpecOf(planJob(switched, job), 'true').entrypoint, planJob(switched, job).entrypoint);
	});

	test('executes a notebook with the script among its files, or starts what became of it with torchrun', () => {
		const notebook = {notebook: 'sub/train.ipynb', parameters: ['lr=3e-4']};
		const typed = {...job, command: ['sub/train.ipynb', '-p', 'lr=3e-4'], notebook};
		assert.deepEqual(planJob(facts, typed).command, [
			...['python3', '/run/gpubox/notebook.py', '-p', 'lr=3e-4', '--', 'sub/train.ipynb'],
		]);
		const [shell, , , , folder, ...words] = planJob(facts, {...typed, processes: 'auto'}).command ?? [];
		assert.deepEqual([shell, folder, words[0]], ['sh', '/workspace/sub', '/run/gpubox/torchrun']);
		assert.deepEqual(words.slice(3), ['--nproc_per_node=4', '/workspace/runs/alice-train-3/notebook-script.py']);
	});

	test('divides the CPUs among the processes, one for each card with auto', () => {
		const spec = planJob(facts, {...job, processes: 'auto'});
		assert.deepEqual(spec.command?.slice(1), ['--standalone', '--nnodes=1', '--nproc_per_node=4', 'train.py']);
		assert.deepEqual([spec.environment.OMP_NUM_THREADS, spec.environment.MKL_NUM_THREADS], ['8', '8']);
		assert.equal(spec.environment.TORCH_ELASTIC_SHUTDOWN_TIMEOUT, '105');
		assert.equal(planJob(facts, {...job, processes: 100}).environment.OMP_NUM_THREADS, '1');
		const set = {...facts, request: {...request, environment: {OMP_NUM_THREADS: '3'}}};
		assert.equal(planJob(set, {...job, processes: 'auto'}).environment.OMP_NUM_THREADS, '3');
	});
});

test('torchrun gets scripts, modules and other programs', () => {
	const last = (...command: string[]) => torchrunArguments(command, 2).slice(3);
	assert.deepEqual(last('python', 'train.py', '--lr', '1'), ['train.py', '--lr', '1']);
	assert.deepEqual(last('/usr/bin/python3.11', '-u', 'train.py'), ['train.py']);
	assert.deepEqual(last('python', '-m', 'package.train', '-v'), ['-m', 'package.train', '-v']);
	assert.deepEqual(last('train.py'), ['train.py']);
	assert.deepEqual(last('./run.sh', 'x'), ['--no_python', './run.sh', 'x']);
	for (const command of [['python'], ['python', '-c', 'pass'], ['python', '-m']]) {
		assert.throws(() => torchrunArguments(command, 2), /--nproc cannot start/);
	}
});

test('an image in front of the command, where docker has it, is told from a script', () => {
	const refused = (...command: string[]) => {
		try {
			checkCommand(command, {folder: import.meta.dirname, workingDirectory: '/workspace'});
			return '';
		} catch (error) {
			assert.ok(error instanceof Failure);
			return error.fix;
		}
	};
	assert.match(
		refused('nvcr.io/nvidia/pytorch:25.10-py3', 'python', 'a b.py') ?? '',
		/gpubox run --image nvcr\.io\/nvidia\/pytorch:25\.10-py3 -- python 'a b\.py'$/,
	);
	assert.match(refused('ubuntu:22.04') ?? '', /--image ubuntu:22\.04 -- COMMAND$/);
	assert.match(refused(`host:5000/team/image@sha256:${'a'.repeat(64)}`, 'sh') ?? '', /--image host:5000/);
	for (const path of ['build.d/tool', './a:b', 'host:8000/x.py', 'tools/run']) {
		assert.doesNotMatch(refused(path, 'x') ?? '', /--image/, path);
	}

	assert.equal(refused('nvidia-smi'), '');
});

test('what would read its commands from its input is refused, because a job has none', () => {
	const place = {folder: import.meta.dirname, workingDirectory: '/workspace'};
	for (const command of [
		'bash',
		'/bin/sh',
		'bash -l',
		'bash -il',
		'bash -s',
		'python3',
		'python -',
		'python -u -',
		'python -X dev',
		'bash -o pipefail',
	]) {
		assert.throws(
			() => checkCommand(command.split(' '), place),
			(error) => error instanceof Failure && error.exitCode === 2 && /reads what it runs/.test(error.message),
			command,
		);
	}

	for (const command of [
		'bash -c true',
		'bash -lc true',
		'python -c 1',
		'python -m pip',
		'python --version',
		'python -s job.test.ts',
		'python job.test.ts',
		'bash --login -c x',
		'cat',
		'env bash',
	]) {
		checkCommand(command.split(' '), place);
	}
});

test('the script of a command is found, or nothing is said of it', () => {
	const cases: Array<[string, string | undefined]> = [
		['python train.py --data x.py', 'train.py'],
		['python3.12 -u -W ignore train.py', 'train.py'],
		['python -m pytest tests', undefined],
		['python -c pass', undefined],
		['python --unknown value train.py', undefined],
		['python', undefined],
		['bash -eux run.sh', 'run.sh'],
		['bash -o pipefail run.sh', 'run.sh'],
		['sh -lc ls', undefined],
		['./run.sh', './run.sh'],
		['train.py', 'train.py'],
		['notes.ipynb', 'notes.ipynb'],
		['nvidia-smi -L', undefined],
		['torchrun --nproc_per_node 2 train.py', undefined],
	];
	for (const [command, script] of cases) {
		assert.equal(scriptOf(command.split(' ')), script, command);
	}
});

describe("the first process that failed is read from torchrun's summary", () => {
	const block = (place: number, rank: number, code: number, time: string) => [
		`[${place}]:`,
		`  time      : 2026-01-01_00:00:${time}`,
		'  host      : box',
		`  rank      : ${rank} (local_rank: ${rank})`,
		`  exitcode  : ${code} (pid: 1${rank})`,
		'  error_file: <N/A>',
	];
	const summary = (root: [number, number, string], ...others: Array<[number, number, string]>) =>
		[
			'============================================================',
			'train.py FAILED',
			'------------------------------------------------------------',
			'Failures:',
			...(others.length === 0
				? ['  <NO_OTHER_FAILURES>']
				: others.flatMap((other, place) => block(place + 1, ...other))),
			'------------------------------------------------------------',
			'Root Cause (first observed failure):',
			...block(0, ...root),
			'============================================================',
		].join('\n');

	test('with its signal or exit code', () => {
		assert.deepEqual(findFailedRank(summary([1, -9, '01'], [0, 1, '02'])), {rank: 1, exitCode: -9, others: []});
		assert.equal(tellFailedRank({rank: 1, exitCode: -9, others: []}), 'Rank 1 failed first: killed by SIGKILL');
		assert.equal(tellFailedRank({rank: 0, exitCode: 3, others: []}), 'Rank 0 failed first: exit code 3');
		assert.match(tellFailedRank({rank: 0, exitCode: -7, others: []}), /SIGBUS, usually because \/dev\/shm is full/);
		assert.equal(findFailedRank('Traceback (most recent call last):'), undefined);
	});

	test('of those that failed in the same second, the one that did not fail because of another', () => {
		const told = (...words: Parameters<typeof summary>) => findFailedRank(summary(...words));
		assert.deepEqual(told([0, 1, '01'], [1, 3, '01'], [2, 1, '02']), {rank: 1, exitCode: 3, others: [0]});
		assert.deepEqual(told([0, 1, '01'], [1, -15, '01'], [2, -9, '01']), {rank: 2, exitCode: -9, others: [0, 1]});
		assert.deepEqual(told([0, 1, '01'], [1, -15, '01']), {rank: 0, exitCode: 1, others: [1]});
		assert.equal(
			tellFailedRank({rank: 1, exitCode: 3, others: [0]}),
			'Rank 1 failed: exit code 3 (rank 0 in the same second)',
		);
	});
});
