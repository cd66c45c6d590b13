import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {catalogue} from '../../../source/image/catalogue/catalogue.ts';
import {judge} from '../../../source/image/fit/fit.ts';
import {hookRequirements} from '../../../source/image/fit/hook-requirements.ts';
import {identify} from '../../../source/image/identify.ts';
import type {FitFacts, Injection} from '../../../source/image/image.ts';

describe("what NVIDIA's hook reads from an image's environment", () => {
	for (const [environment, expected] of [
		[{}, {others: []}],
		[{CUDA_VERSION: '12.8.1'}, {cuda: 'cuda>=12.8', others: []}],
		[{CUDA_VERSION: 'v12.8'}, {cuda: 'cuda>=12.8', others: []}],
		[{CUDA_VERSION: '12'}, {cuda: 'cuda>=12.0', others: []}],
		[
			{CUDA_VERSION: '12.8.1', NVIDIA_REQUIRE_CUDA: ''},
			{cuda: 'cuda>=12.8', others: []},
		],
		[
			{CUDA_VERSION: '12.8.1', NVIDIA_REQUIRE_CUDA: 'cuda>=11.0'},
			{cuda: 'cuda>=11.0', others: []},
		],
		[
			{CUDA_VERSION: 'cu128', NVIDIA_REQUIRE_CUDA: 'cuda>=11.0'},
			{cuda: 'cuda>=11.0', others: []},
		],
		[{CUDA_VERSION: ''}, {others: []}],
		[{CUDA_VERSION: 'cu128'}, {others: [], badCudaVersion: 'cu128'}],
		[{CUDA_VERSION: '12.8.1.012'}, {others: [], badCudaVersion: '12.8.1.012'}],
		[{CUDA_VERSION: 'latest'}, {others: [], badCudaVersion: 'latest'}],
		[
			{NVIDIA_REQUIRE_DRIVER: 'driver>=570', NVIDIA_REQUIRE_JETPACK: 'x', NVIDIA_REQUIRE_JETPACK_HOST: 'x'},
			{others: ['driver>=570']},
		],
		[{CUDA_VERSION: 'cu128', NVIDIA_REQUIRE_DRIVER: 'driver>=570', NVIDIA_DISABLE_REQUIRE: '1'}, {others: []}],
		[{CUDA_VERSION: '12.8', NVIDIA_DISABLE_REQUIRE: 'T'}, {others: []}],
		[
			{CUDA_VERSION: '12.8', NVIDIA_DISABLE_REQUIRE: 'yes'},
			{cuda: 'cuda>=12.8', others: []},
		],
		[
			{CUDA_VERSION: '12.8', NVIDIA_DISABLE_REQUIRE: 'false'},
			{cuda: 'cuda>=12.8', others: []},
		],
	] as const) {
		test(JSON.stringify(environment), () => assert.deepEqual(hookRequirements(environment), expected));
	}
});

describe('judged on driver 550.54.14, which has CUDA 12.4', () => {
	const facts = (injection: Injection): FitFacts => ({
		driverVersion: '550.54.14',
		cudaVersion: '12.4',
		gpus: [{uuid: 'GPU-1', index: 0, name: 'NVIDIA RTX A6000', computeCapability: '8.6', class: 'workstation'}],
		architecture: 'x86_64',
		engine: {injection},
		freeDiskBytes: null,
	});
	const answer = (environment: Record<string, string>, injection: Injection = 'legacy-hook') => {
		const image = identify(
			'team/own:1',
			{
				tags: [],
				architecture: 'amd64',
				environment,
				labels: {'gpubox.image.cuda': '12.8', 'gpubox.image.compute-capabilities': '8.6'},
				exposedPorts: [],
				command: [],
				entrypoint: [],
			},
			catalogue(),
		);
		const {fits, reasons} = judge(facts(injection), image, {local: true});
		return {
			fits,
			codes: reasons.map(({code}) => code),
			text: reasons.map(({message, fix}) => `${message} ${fix}`).join(' '),
		};
	};

	for (const [name, environment, fits, codes] of [
		['no words', {}, true, []],
		['legacy', {CUDA_VERSION: '12.8.1'}, false, ['driver-too-old']],
		['legacy with an empty check', {CUDA_VERSION: '12.8.1', NVIDIA_REQUIRE_CUDA: ''}, false, ['driver-too-old']],
		['an older legacy', {CUDA_VERSION: '12.2'}, true, []],
		['driver', {NVIDIA_REQUIRE_DRIVER: 'driver>=570'}, false, ['driver-too-old']],
		['a driver that is met', {NVIDIA_REQUIRE_DRIVER: 'driver>=535'}, true, []],
		['one of several', {NVIDIA_REQUIRE_A: 'cuda>=12.0', NVIDIA_REQUIRE_B: 'driver>=570'}, false, ['driver-too-old']],
		['garbage', {CUDA_VERSION: 'cu128'}, false, ['unknown-cuda']],
		['not understood', {NVIDIA_REQUIRE_MOON: 'moon=full'}, 'unknown', ['driver-not-listed']],
		['for Jetsons', {NVIDIA_REQUIRE_JETPACK: 'csv-mounts=all'}, true, []],
		[
			'switched off',
			{CUDA_VERSION: 'cu128', NVIDIA_REQUIRE_DRIVER: 'driver>=570', NVIDIA_DISABLE_REQUIRE: 'true'},
			true,
			[],
		],
	] as const) {
		test(name, () => {
			const judged = answer(environment);
			assert.equal(judged.fits, fits, judged.text);
			assert.deepEqual(judged.codes, codes);
			// With CDI none of it is asked.
			assert.equal(answer(environment, 'cdi').fits, true);
			assert.equal(answer(environment, 'unknown').fits, fits === true ? true : 'unknown');
		});
	}

	test('the reasons have the words of the check', () => {
		assert.match(
			answer({CUDA_VERSION: 'cu128'}).text,
			/CUDA_VERSION \("cu128"\) is not a version.*NVIDIA_DISABLE_REQUIRE=1/,
		);
		assert.match(
			answer({NVIDIA_REQUIRE_DRIVER: 'driver>=570'}).text,
			/requires driver>=570; this host has 550\.54\.14/,
		);
		assert.match(answer({CUDA_VERSION: '12.8.1'}).text, /requires cuda>=12\.8/);
	});
});
