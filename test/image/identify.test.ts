import assert from 'node:assert/strict';
import {test} from 'node:test';
import {catalogue} from '../../source/image/catalogue/catalogue.ts';
import {type InspectedImage, identify} from '../../source/image/identify.ts';
import {servicesOf, serviceWords} from '../../source/image/service-words.ts';

function image(fields: Partial<InspectedImage>): InspectedImage {
	return {
		tags: [],
		architecture: 'amd64',
		environment: {},
		labels: {},
		exposedPorts: [],
		command: ['bash'],
		entrypoint: [],
		...fields,
	};
}

test('a known name is what the catalogue says, with its own check and processor', () => {
	const facts = identify(
		'pytorch/pytorch:2.8.0-cuda12.8-cudnn9-devel',
		image({
			environment: {NVIDIA_REQUIRE_CUDA: 'cuda>=12.8 brand=tesla,driver>=535,driver<536', PYTORCH_VERSION: '2.8.0'},
		}),
		catalogue(),
	);
	assert.equal(facts.family, 'pytorch');
	assert.equal(facts.status, 'seen');
	assert.equal(facts.requireCuda, 'cuda>=12.8 brand=tesla,driver>=535,driver<536');
	assert.deepEqual(facts.platforms, ['linux/amd64']);
});

test('a name of its own beside a known one is the same image', () => {
	const facts = identify(
		'team/base:1',
		image({tags: ['team/base:1', 'nvcr.io/nvidia/pytorch:25.06-py3']}),
		catalogue(),
	);
	assert.equal(facts.reference, 'team/base:1');
	assert.equal(facts.family, 'ngc');
});

test('an unknown image made from nvidia/cuda says what it is', () => {
	const facts = identify(
		'team/own:1',
		image({
			architecture: 'arm64',
			environment: {
				CUDA_VERSION: '12.8.1',
				NVIDIA_REQUIRE_CUDA: 'cuda>=12.8',
				NV_CUDA_CUDART_VERSION: '12.8.90-1',
				TORCH_CUDA_ARCH_LIST: '8.0;9.0+PTX',
			},
		}),
		catalogue(),
	);
	assert.equal(facts.cuda, '12.8.1');
	assert.deepEqual(facts.computeCapabilities, ['8.0', '9.0']);
	assert.deepEqual(facts.ptx, ['9.0']);
	assert.equal(facts.hasCompatLibs, true);
	assert.equal(facts.setsNvidiaRequireCuda, true);
	assert.deepEqual(facts.platforms, ['linux/arm64']);
	assert.equal(facts.framework, null);
	assert.equal(facts.status, 'metadata');
});

test('a switched-off check is no check', () => {
	const environment = {NVIDIA_REQUIRE_CUDA: 'cuda>=12.8', NVIDIA_DISABLE_REQUIRE: 'true'};
	assert.equal(identify('team/own:1', image({environment}), catalogue()).setsNvidiaRequireCuda, false);
});

test('an image made from an official PyTorch build holds what that build holds', () => {
	const facts = identify(
		'team/own:1',
		image({environment: {CUDA_VERSION: '12.8.1', PYTORCH_VERSION: '2.8.0'}}),
		catalogue(),
	);
	assert.equal(facts.framework, 'pytorch');
	assert.deepEqual(facts.computeCapabilities, ['7.0', '7.5', '8.0', '8.6', '9.0', '10.0', '12.0']);
	const nvidia = identify(
		'team/own:1',
		image({environment: {CUDA_VERSION: '12.8.1', PYTORCH_VERSION: '2.8.0a0+5228986c39'}}),
		catalogue(),
	);
	assert.equal(nvidia.computeCapabilities, null);
});

test("a team's labels tell what the image is", () => {
	const facts = identify(
		'team/own:1',
		image({
			labels: {
				'gpubox.image.cuda': '12.8',
				'gpubox.image.framework': 'PyTorch 2.8.0',
				'gpubox.image.compute-capabilities': '8.9, 12.0',
				'gpubox.image.provides': 'jupyter sshd',
			},
		}),
		catalogue(),
	);
	assert.deepEqual(
		[facts.cuda, facts.framework, facts.version, facts.computeCapabilities, facts.provides],
		['12.8', 'pytorch', '2.8.0', ['8.9', '12.0'], ['jupyter', 'ssh']],
	);
});

test('Jupyter is known by what starts, not by a port alone', () => {
	const provides = (fields: Partial<InspectedImage>) => identify('team/own:1', image(fields), catalogue()).provides;
	assert.deepEqual(provides({exposedPorts: [8888]}), []);
	assert.deepEqual(provides({command: ['start-notebook.py']}), ['jupyter']);
	assert.deepEqual(provides({exposedPorts: [8888], environment: {JUPYTER_PORT: '8888'}}), ['jupyter']);
	assert.deepEqual(provides({exposedPorts: [22], command: ['/usr/sbin/sshd', '-D']}), ['ssh']);
});

test('an image that says nothing stays unknown', () => {
	const facts = identify('postgres:17', image({exposedPorts: [5432]}), catalogue());
	assert.deepEqual(
		[facts.cuda, facts.framework, facts.computeCapabilities, facts.provides, facts.family],
		[null, null, null, [], null],
	);
});

test('labels, entries and --json call the service ssh by its program', () => {
	assert.deepEqual(servicesOf(['jupyter', 'telnet', 'sshd', 'ssh']), ['jupyter', 'ssh']);
	assert.equal(serviceWords.ssh, 'sshd');
});
