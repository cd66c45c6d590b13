import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {similarReferences} from '../../source/image/similar-reference.ts';

const known = [
	'pytorch/pytorch:2.9.1-cuda12.8-cudnn9-runtime',
	'pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime',
	'pytorch/pytorch:2.8.0-cuda12.8-cudnn9-devel',
	'nvcr.io/nvidia/pytorch:25.06-py3',
	'tensorflow/tensorflow:2.20.0-gpu',
];

describe('the image that was probably meant', () => {
	for (const [given, first] of [
		['pytorch/pytorch:2.8', 'pytorch/pytorch:2.8.0-cuda12.8-cudnn9-devel'],
		['pytorch/pytorch:2.8.0-cuda12.8-cudnn8-runtime', 'pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime'],
		['docker.io/pytorch/pytorch:2.9', 'pytorch/pytorch:2.9.1-cuda12.8-cudnn9-runtime'],
		['pytorch:2.9', 'pytorch/pytorch:2.9.1-cuda12.8-cudnn9-runtime'],
		['nvidia/pytorch:25.05', 'nvcr.io/nvidia/pytorch:25.06-py3'],
		['tensorflow/tensroflow', 'tensorflow/tensorflow:2.20.0-gpu'],
		['PyTorhc', 'pytorch/pytorch:2.9.1-cuda12.8-cudnn9-runtime'],
	] as const) {
		test(given, () => assert.equal(similarReferences(given, known)[0], first));
	}

	test('is none for what is like no other', () => {
		assert.deepEqual(similarReferences('registry.example/private/base:3', known), []);
		assert.deepEqual(similarReferences('', known), []);
		assert.deepEqual(similarReferences('pytorch/pytorch:1', []), []);
	});
});
