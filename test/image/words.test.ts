import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {platformArchitecture} from '../../source/image/fit/architecture.ts';
import {
	codeRunsOn,
	cudaCanTarget,
	cudaOfDriver,
	cudaThatDropped,
	firstCudaFor,
	firstDriverOf,
	floorOfMajor,
} from '../../source/image/fit/cuda.ts';
import {gpuClass} from '../../source/image/fit/gpu-class.ts';
import {injectionOf} from '../../source/image/fit/injection.ts';
import {judgeDisk, roomForPull} from '../../source/image/pull/disk.ts';
import {normalReference, parseReference, tagLine} from '../../source/image/reference.ts';
import {
	compareVersions,
	cudaMinor,
	leadingVersion,
	minorNumber,
	parseVersion,
} from '../../source/text/compare-versions.ts';
import cards from '../../templates/catalogue/gpu-cards.json' with {type: 'json'};

test('versions compare number by number', () => {
	const order = ['450.80.02', '525.60.13', '575.51', '575.51.03', '575.57.08', '580.65.06'];
	const versions = order.map((text) => parseVersion(text) ?? []);
	assert.deepEqual(versions.toReversed().sort(compareVersions), versions);
	assert.equal(compareVersions([12, 8], [12, 8]), 0);
	assert.ok(compareVersions([2, 9, 1], [2, 14, 0]) < 0);
});

test('what is no version is undefined', () => {
	for (const text of ['', 'banana', '575.banana', '575.', '.5', '1e9', '-1', `${'9'.repeat(20)}.1`, null, undefined]) {
		assert.equal(parseVersion(text), undefined, String(text));
	}

	assert.equal(cudaMinor('12'), undefined);
	assert.equal(cudaMinor('12.8.0.038'), '12.8');
	assert.deepEqual(leadingVersion('2.14.0a0+4fdf77b940.nv26.08'), [2, 14, 0]);
	assert.deepEqual(leadingVersion('v0.28.0-cu129'), [0, 28, 0]);
	assert.equal(minorNumber('10.3'), 10_003);
	assert.ok((minorNumber('9.0') ?? 0) < (minorNumber('10.0') ?? 0));
});

test('any string at all gives numbers or undefined', () => {
	fc.assert(
		fc.property(fc.string({unit: 'binary'}), (text) => {
			assert.ok(parseVersion(text)?.every(Number.isSafeInteger) ?? true);
		}),
	);
});

test('references are one whatever the spelling', () => {
	const same = [
		'python',
		'python:latest',
		'library/python',
		'docker.io/python',
		'docker.io/library/python:latest',
		'index.docker.io/library/python',
	];
	assert.deepEqual(new Set(same.map(normalReference)), new Set(['docker.io/library/python:latest']));
	assert.equal(normalReference('localhost:5000/team/image:1'), 'localhost:5000/team/image:1');
	assert.equal(normalReference('localhost/image'), 'localhost/image:latest');
	assert.equal(normalReference('[::1]:5000/image:1'), '[::1]:5000/image:1');
	const digest = `sha256:${'a'.repeat(64)}`;
	assert.deepEqual(parseReference(`quay.io/jupyter/pytorch-notebook@${digest}`), {
		registry: 'quay.io',
		repository: 'jupyter/pytorch-notebook',
		tag: null,
		digest,
	});
	assert.equal(normalReference(`a/b:1@${digest}`), `docker.io/a/b:1@${digest}`);
});

test('what is no reference is undefined', () => {
	for (const text of [
		'',
		' ',
		'UPPER/case',
		'a//b',
		'a:b:c',
		'a@sha256:short',
		'a:-tag',
		'/a',
		'a/',
		'a\u001B[2J',
		'x'.repeat(600),
		'a@b@c',
		'a b',
	]) {
		assert.equal(parseReference(text), undefined, text);
	}
});

test('a line of tags is the tag without its version', () => {
	assert.deepEqual(tagLine('pytorch/pytorch:2.14.1-cuda13.0-cudnn9-runtime'), {
		line: 'docker.io/pytorch/pytorch:*-cuda13.0-cudnn9-runtime',
		version: '2.14.1',
	});
	assert.equal(tagLine('nvcr.io/nvidia/pytorch:25.06-py3')?.line, 'nvcr.io/nvidia/pytorch:*-py3');
	assert.equal(tagLine('vllm/vllm-openai:v0.28.0')?.line, 'docker.io/vllm/vllm-openai:v*');
	assert.equal(tagLine('quay.io/jupyter/pytorch-notebook:cuda13-latest'), undefined);
});

test('CUDA of a driver is that of its branch, or of the branch before', () => {
	const cuda = (driver: string) => cudaOfDriver(parseVersion(driver) ?? []);
	assert.equal(cuda('570.124.04'), '12.8');
	assert.equal(cuda('572.16'), '12.8');
	assert.equal(cuda('590.48.01'), '13.1');
	assert.equal(cuda('700.1'), '13.4');
	assert.equal(cuda('390.157'), undefined);
	assert.equal(floorOfMajor(12), '525.60.13');
	assert.equal(floorOfMajor(10), undefined);
	assert.equal(firstDriverOf('12.8'), '570.26');
	assert.equal(firstDriverOf('13.4'), '615');
	assert.equal(firstDriverOf('12.7'), undefined);
});

test('code runs on cards of its own major version with an equal or greater minor one', () => {
	for (const [code, gpu, runs] of [
		['8.6', '8.9', true],
		['8.0', '8.6', true],
		['9.0', '12.0', false],
		['12.0', '12.1', true],
		['10.0', '10.3', true],
		['6.0', '6.1', true],
		['8.9', '8.6', false],
		['8.0', '8.7', false],
		['8.7', '8.9', false],
		['8.7', '8.7', true],
	] as const) {
		assert.equal(codeRunsOn(code, gpu), runs, `${code} on ${gpu}`);
	}

	assert.equal(firstCudaFor('12.1'), '12.8');
	assert.equal(firstCudaFor('8.9'), '11.0');
	assert.equal(firstCudaFor('7.0'), '0.0');
	assert.equal(firstCudaFor('14.0'), undefined);
	assert.equal(cudaThatDropped('7.0'), '13.0');
	assert.equal(cudaThatDropped('7.5'), undefined);
	assert.equal(cudaCanTarget('12.6', '12.0'), false);
	assert.equal(cudaCanTarget('12.9', '6.1'), true);
	assert.equal(cudaCanTarget('13.0', '6.1'), false);
	assert.equal(cudaCanTarget('13.0', '14.0'), undefined);
});

test('the product line of every known card follows from its name', () => {
	for (const known of cards.cards) {
		assert.equal(gpuClass(known.name), known.class, known.name);
	}

	assert.equal(gpuClass('NVIDIA A40-48Q'), 'datacentre');
	assert.equal(gpuClass('GeForce GTX 1070 Ti'), 'geforce');
	assert.equal(gpuClass('Graphics Device'), null);
});

test('processors go by many names', () => {
	assert.equal(platformArchitecture('x86_64'), 'amd64');
	assert.equal(platformArchitecture('x64'), 'amd64');
	assert.equal(platformArchitecture('aarch64'), 'arm64');
	assert.equal(platformArchitecture('constructor'), undefined);
});

test('disk space is asked for only where both sides are known', () => {
	assert.equal(judgeDisk(null, 0), undefined);
	assert.equal(judgeDisk(5e9, null), undefined);
	assert.equal(judgeDisk(5e9, roomForPull(5e9)), undefined);
	assert.equal(judgeDisk(5e9, roomForPull(5e9) - 1)?.code, 'not-enough-disk');
});

test('how GPUs get into a container follows from the engine', () => {
	const engine = (version: string, cdiDevices: string[] = [], flavour: 'docker' | 'podman' = 'docker') => ({
		version,
		cdiDevices,
		flavour,
	});
	assert.equal(injectionOf(engine('20.10.24+dfsg1')), 'legacy-hook');
	assert.equal(injectionOf(engine('28.5.1', ['nvidia.com/gpu=all'])), 'legacy-hook');
	assert.equal(injectionOf(engine('29.2.0', ['nvidia.com/gpu=all'])), 'cdi');
	assert.equal(injectionOf(engine('29.4.1')), 'unknown');
	assert.equal(injectionOf(engine('5.5.0', [], 'podman')), 'cdi');
	assert.equal(injectionOf(engine('dev')), 'unknown');
});
