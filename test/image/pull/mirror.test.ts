import assert from 'node:assert/strict';
import {test} from 'node:test';
import {mirroredReference} from '../../../source/image/pull/mirror.ts';

const digest = `sha256:${'0'.repeat(64)}`;

for (const [reference, mirror, expected] of [
	[
		'pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime',
		'mirror.example:5000',
		'mirror.example:5000/pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime',
	],
	['debian', 'mirror.example', 'mirror.example/library/debian:latest'],
	['docker.io/library/debian:12', 'https://mirror.example/hub/', 'mirror.example/hub/library/debian:12'],
	['nvcr.io/nvidia/pytorch:25.08-py3', 'mirror.example', undefined],
	[`debian@${digest}`, 'mirror.example', undefined],
	[`debian:12@${digest}`, 'mirror.example', undefined],
	['not an image', 'mirror.example', undefined],
] as const) {
	test(`${reference} at ${mirror}`, () => {
		assert.equal(mirroredReference(reference, mirror), expected);
	});
}
