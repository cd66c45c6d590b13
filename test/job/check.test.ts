import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {describe, test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {type CheckResult, checkScript, readCheck} from '../../source/job/check.ts';

// The real script, in a real Python, on a stand-in for PyTorch: no GPU is needed.

const standIn = fileURLToPath(new URL('_stand-in', import.meta.url));
const noPython = spawnSync('python3', ['--version']).status === 0 ? false : 'there is no python3';

function runCheck(host: object | undefined, expected?: number): CheckResult {
	const {status, stdout, stderr} = runScript(host, ['--json']);
	return readCheck({exitCode: status ?? 1, stdout, stderr}, expected);
}

function runScript(host: object | undefined, parameters: string[]) {
	return spawnSync('python3', ['-c', checkScript(), ...parameters], {
		encoding: 'utf8',
		// -I would hide PYTHONPATH; without a host there is no PyTorch to be found.
		env: {
			PATH: process.env.PATH ?? '',
			PYTHONDONTWRITEBYTECODE: '1',
			...(host === undefined
				? {PYTHONNOUSERSITE: '1', PYTHONPATH: '/nonexistent'}
				: {PYTHONPATH: standIn, TORCH_HOST: JSON.stringify(host)}),
		},
	});
}

const h100 = {name: 'NVIDIA H100 80GB HBM3', capability: [9, 0]};
const rtx5090 = {name: 'NVIDIA GeForce RTX 5090', capability: [12, 0]};

describe('gpubox check', {skip: noPython}, () => {
	test('passes where everything works', () => {
		const result = runCheck({gpus: [h100]}, 1);
		assert.deepEqual(result.problems, []);
		assert.equal(result.passed, true);
		assert.equal(result.torch, '2.8.0+cu128');
		assert.equal(result.cuda, '12.8');
		assert.deepEqual([result.cudnn, result.nccl, result.archs], ['91002', '2.27.3', ['sm_80', 'sm_90']]);
		assert.equal(result.allReduce, null);
		assert.partialDeepStrictEqual(result.gpus, [
			{index: 0, uuid: 'GPU-00000000-1111', name: h100.name, computeCapability: '9.0', passed: true},
		]);
		assert.deepEqual(
			result.gpus[0]?.steps.map(({name, passed}) => [name, passed]),
			[
				['seen', true],
				['compiled', true],
				['moved', true],
				['float32', true],
				['bfloat16', true],
			],
		);
	});

	test('several GPUs add up a tensor together', () => {
		const result = runCheck({gpus: [h100, h100, h100]}, 3);
		assert.equal(result.passed, true);
		assert.deepEqual(result.allReduce, {passed: true, detail: ''});
		assert.equal(result.gpus.length, 3);
	});

	const failures: Array<[name: string, host: object, message: RegExp, fix: RegExp]> = [
		[
			'a card that it was not compiled for',
			{gpus: [rtx5090]},
			/not compiled for this GPU.*sm_120.*sm_80 sm_90/,
			/gpubox images/,
		],
		[
			'a driver that is too old',
			{init_error: 'The NVIDIA driver on your system is too old (found version 12040). Please update your GPU driver'},
			/too new for this host.*found version 12040/,
			/newer driver/,
		],
		['no GPU', {gpus: []}, /PyTorch sees no GPU/, /gpubox doctor/],
		[
			'PyTorch for CPUs',
			{cuda: null, init_error: 'Torch not compiled with CUDA enabled'},
			/built without CUDA/,
			/gpubox images/,
		],
		[
			'PyTorch that cannot be loaded',
			{import_error: 'libcudnn.so.9: cannot open shared object file'},
			/libcudnn\.so\.9/,
			/another image/,
		],
		[
			'a tensor that cannot be moved',
			{
				gpus: [h100],
				faults: {'cuda:0 move': 'CUDA error: no kernel image is available for execution on the device\nmore'},
			},
			/GPU 0: RuntimeError: CUDA error: no kernel image/,
			/gpubox images/,
		],
		[
			'wrong products',
			{gpus: [h100], faults: {'cuda:0 float32': 1}},
			/1000000 of 1000000 products are wrong/,
			/gpubox doctor/,
		],
		[
			'wrong products in bfloat16',
			{gpus: [h100], faults: {'cuda:0 bfloat16': 1}},
			/products are wrong/,
			/gpubox doctor/,
		],
		[
			'NCCL that fails',
			{gpus: [h100, h100], all_reduce_error: 'NCCL Error 2: unhandled system error'},
			/NCCL Error 2/,
			/doctor/,
		],
		['NCCL that leaves one out', {gpus: [h100, h100], reduced: 1}, /GPU 1 has another sum/, /doctor/],
	];
	for (const [name, host, message, fix] of failures) {
		test(`fails over ${name}`, () => {
			const result = runCheck(host);
			assert.equal(result.passed, false);
			assert.match(result.problems[0]?.message ?? '', message);
			assert.match(result.problems[0]?.fix ?? '', fix);
		});
	}

	test('fails clearly where there is no PyTorch', () => {
		const {passed, problems} = runCheck(undefined);
		assert.equal(passed, false);
		assert.deepEqual(problems, [
			{message: 'The image has no PyTorch.', fix: 'Choose an image with PyTorch: gpubox images'},
		]);
	});

	test('one bad card does not hide the good ones, nor are all tried together then', () => {
		const result = runCheck({gpus: [h100, rtx5090]}, 2);
		assert.deepEqual(
			result.gpus.map(({passed}) => passed),
			[true, false],
		);
		assert.equal(result.allReduce, null);
		assert.equal(result.problems.length, 1);
	});

	test('fails when fewer cards are seen than were given', () => {
		const result = runCheck({gpus: [h100]}, 2);
		assert.equal(result.passed, false);
		assert.match(result.problems[0]?.message ?? '', /1 of the 2/);
	});

	test('bfloat16 is left out on cards that do not have it', () => {
		const result = runCheck({gpus: [{name: 'Tesla T4', capability: [7, 5]}], archs: ['sm_75']}, 1);
		assert.equal(result.passed, true);
		assert.match(result.gpus[0]?.steps.at(-1)?.detail ?? '', /not on this card/);
	});

	// What torch.cuda.get_arch_list() says, and which cards that code runs on.
	const archs: Array<[archs: string[], capability: [number, number], fits: boolean]> = [
		[['sm_80'], [8, 0], true],
		[['sm_80'], [8, 6], true],
		[['sm_86'], [8, 0], false],
		[['sm_80'], [9, 0], false],
		[['compute_80'], [12, 0], true],
		[['sm_90a'], [9, 0], true],
		[['sm_100a', 'sm_80'], [10, 3], false],
		[['sm_120'], [12, 0], true],
		[['sm_120', 'compute_120'], [9, 0], false],
		[[], [9, 0], true],
	];
	for (const [list, capability, fits] of archs) {
		test(`code for ${list.join(' ') || 'nothing that is told'} ${fits ? 'runs' : 'does not run'} on ${capability.join('.')}`, () => {
			assert.equal(runCheck({gpus: [{name: 'card', capability}], archs: list}).passed, fits);
		});
	}
});

describe('check.py on its own', {skip: noPython}, () => {
	test('prints what it found for people, and passes', () => {
		const {status, stdout, stderr} = runScript({gpus: [h100, h100]}, []);
		assert.equal(
			`${stdout}${stderr}`.replace(/ driver [\d.]+,/, ''),
			`PyTorch 2.8.0+cu128, CUDA 12.8, cuDNN 91002, NCCL 2.27.3, compiled for sm_80 sm_90
ok   GPU 0  NVIDIA H100 80GB HBM3 (9.0): seen, compiled, moved, float32 (1000 x 1000, as on the CPU), bfloat16
ok   GPU 1  NVIDIA H100 80GB HBM3 (9.0): seen, compiled, moved, float32 (1000 x 1000, as on the CPU), bfloat16
ok   all GPUs together (NCCL all-reduce)
`,
		);
		assert.equal(status, 0);
	});

	test('fails without a GPU, and says how to test the CPU alone', () => {
		const failed = runScript({gpus: []}, []);
		assert.equal(failed.status, 1);
		assert.match(failed.stdout, /^FAIL PyTorch sees no GPU\. To test the CPU alone: --cpu$/m);
		const passed = runScript({gpus: []}, ['--cpu']);
		assert.match(passed.stdout, /^ok {3}CPU: 1000 x 1000 matrices multiplied$/m);
		assert.equal(passed.status, 0);
	});

	test('with --cpu a GPU that is there is tested all the same', () => {
		const {status, stdout} = runScript({gpus: [h100], faults: {'cuda:0 float32': 1}}, ['--cpu']);
		assert.match(stdout, /^FAIL GPU 0/m);
		assert.equal(status, 1);
	});

	test('an argument that it does not know is wrong usage', () => {
		const {status, stderr} = runScript({gpus: []}, ['--gpu']);
		assert.equal(status, 2);
		assert.match(stderr, /unknown argument --gpu/);
	});
});

test('what is no line of the script is passed over, and foreign words are made safe', () => {
	const lines = [
		'== CUDA == a banner of the image',
		'{"kind":"gpu","surprise":true}',
		'{"kind":"torch","version":"2.8\\u001b[31m","cuda":null}',
	];
	const result = readCheck({exitCode: 1, stdout: lines.join('\n'), stderr: 'Traceback\nMemoryError'}, undefined);
	assert.equal(result.torch, '2.8');
	assert.match(result.problems[0]?.message ?? '', /exit code 1: MemoryError/);
});

test('a container without Python, and a PyTorch that hangs, are told as such', () => {
	assert.match(readCheck({exitCode: 127, stdout: '', stderr: ''}, 1).problems[0]?.message ?? '', /no Python/);
	assert.match(readCheck({exitCode: 142, stdout: '', stderr: ''}, 1).problems[0]?.message ?? '', /no answer/);
});
