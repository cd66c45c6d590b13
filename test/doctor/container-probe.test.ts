import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {probeContainer, suitableImages} from '../../source/doctor/container-probe.ts';
import {healthyInfo, type Machine, probeOf} from './_hosts.ts';

async function tryOn(machine: Machine, signal = new AbortController().signal) {
	const probe = await probeOf(machine);
	const inventory = await probe.inventory(signal);
	const result = await probeContainer(probe.engine, healthyInfo, inventory, {deep: false, signal}).catch(
		(error: unknown) => error,
	);
	return {result, removed: probe.removed};
}

describe('the container that tries the GPUs', () => {
	test('is removed when it ran', async () => {
		const {result, removed} = await tryOn({});
		assert.deepEqual(result, {kind: 'seen', image: 'debian:12', gpus: 1});
		assert.deepEqual(removed, ['probe']);
	});

	test('is removed when it cannot be started', async () => {
		const {result, removed} = await tryOn({startError: 'could not select device driver "" with capabilities: [[gpu]]'});
		assert.partialDeepStrictEqual(result, {kind: 'failed'});
		assert.deepEqual(removed, ['probe']);
	});

	test('is never made once the person has interrupted', async () => {
		const {result, removed} = await tryOn({}, AbortSignal.abort(new Error('interrupted')));
		assert.ok(result instanceof Error);
		assert.equal(result.message, 'interrupted');
		assert.deepEqual(removed, []);
	});

	test('needs an image, and says so', async () => {
		const {result} = await tryOn({images: ['alpine:3', 'busybox:latest']});
		assert.deepEqual(result, {kind: 'skipped', reason: 'no local image to test with; --deep pulls a small one'});
	});

	test('that has no nvidia-smi although it was given the GPUs is a failure', async () => {
		const {result, removed} = await tryOn({
			images: ['debian:12', 'ubuntu:24.04'],
			startError: 'OCI runtime create failed: exec: "nvidia-smi": executable file not found in $PATH: unknown',
		});
		assert.partialDeepStrictEqual(result, {kind: 'failed', image: 'ubuntu:24.04'});
		assert.equal(removed.length, 2);
	});

	test('whose C library is another says nothing of the host', async () => {
		const {result} = await tryOn({inside: {stdout: '', exitCode: 127}});
		assert.partialDeepStrictEqual(result, {kind: 'skipped'});
	});
});

test('the smallest images are tried, and none that cannot run nvidia-smi', () => {
	const image = (name: string, sizeBytes: number) => ({id: name, tags: [name], digests: [], sizeBytes, labels: {}});
	assert.deepEqual(
		suitableImages([
			image('pytorch/pytorch:2.8.0', 8e9),
			image('alpine:3', 7e6),
			image('library/busybox', 4e6),
			image('gcr.io/distroless/base', 2e7),
			image('ubuntu:24.04', 8e7),
			{...image('', 1), tags: []},
			image('nvidia/cuda:12.8.1-base', 3e8),
			image('quay.io/jupyter/pytorch', 9e9),
		]),
		['ubuntu:24.04', 'nvidia/cuda:12.8.1-base', 'pytorch/pytorch:2.8.0'],
	);
});
