import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {differencesOf, type RecordedRequest, toRecordedRequest} from '../../../source/box/plan/differences.ts';
import type {BoxRequest} from '../../../source/box/plan/types.ts';
import {makeBox} from '../../_helpers/make-box.ts';

const plain: BoxRequest = {
	project: '/home/alice/train',
	services: ['jupyter'],
	gpus: 'auto',
	shareGpus: false,
	bind: '127.0.0.1',
	mounts: [],
	environment: {},
};
const gibibyte = 1024 ** 3;

const differences = (
	wanted: Partial<BoxRequest>,
	asked: string[],
	box = makeBox({gpus: ['GPU-a']}),
	recorded: RecordedRequest | undefined = plain,
) =>
	differencesOf({...plain, ...wanted}, new Set(asked), box, recorded).map(({option, asked: what, has}) => [
		option,
		what,
		has,
	]);

describe('what an existing box does not have', () => {
	test('is nothing where nothing is asked, whatever the defaults are', () => {
		assert.deepEqual(differences({memoryBytes: 32 * gibibyte, image: 'other:1', services: ['ssh']}, []), []);
	});

	test('is listed option by option', () => {
		assert.deepEqual(
			differences(
				{
					image: 'other:1',
					services: ['jupyter', 'ssh'],
					memoryBytes: 32 * gibibyte,
					cpus: 4,
					shareGpus: true,
					sudo: true,
					mounts: [{type: 'bind', source: '/data', target: '/data', readOnly: true}],
					environment: {SEED: '42', API_TOKEN: 'do-not-repeat'},
					secrets: [{name: 'HF', variable: false}],
				},
				['image', 'services', 'limits.memory', 'limits.cpus', 'mounts', 'env.SEED', 'env.API_TOKEN'],
			),
			[
				['image', 'other:1', 'image:1'],
				['services', 'jupyter, ssh', 'jupyter'],
				['shareGpus', 'yes', 'no'],
				['sudo', 'yes', 'no'],
				['secrets', 'HF', 'none'],
				['limits.memory', '32g', 'the default'],
				['limits.cpus', '4', 'the default'],
				['env.SEED', '42', 'not set'],
				['env.API_TOKEN', '…', 'not set'],
				['mounts', '/data:/data:ro', 'not mounted'],
			],
		);
	});

	test('is not what it has already', () => {
		const recorded: RecordedRequest = {
			...plain,
			image: 'latest-of-team:1',
			memoryBytes: 32 * gibibyte,
			mounts: [{type: 'bind', source: '/data', target: '/data'}],
			environment: {SEED: '42'},
			packages: {apt: [], pip: ['einops', 'timm']},
		};
		const wanted = {...recorded, packages: {apt: [], pip: ['timm']}} as BoxRequest;
		const asked = ['image', 'limits.memory', 'mounts', 'env.SEED', 'packages.pip'];
		assert.deepEqual(differences(wanted, asked, makeBox(), recorded), []);
		assert.deepEqual(differences({...wanted, packages: {apt: [], pip: ['timm', 'jax']}}, asked, makeBox(), recorded), [
			['packages.pip', 'jax', 'einops, timm'],
		]);
	});

	test('GPUs are compared by what they mean', () => {
		const gpus = (wanted: string, has: string[], recorded = 'auto') =>
			differences({gpus: wanted}, ['gpus'], makeBox({gpus: has}), {...plain, gpus: recorded}).length;
		assert.equal(gpus('1', ['GPU-a']), 0);
		assert.equal(gpus('auto', ['GPU-a'], '1'), 0);
		assert.equal(gpus('GPU-a', ['GPU-a']), 0);
		assert.equal(gpus('2,0', ['GPU-a', 'GPU-b'], '0,2'), 0);
		assert.equal(gpus('none', [], 'auto'), 0);
		assert.equal(gpus('2', ['GPU-a']), 1);
		assert.equal(gpus('none', ['GPU-a']), 1);
		assert.equal(gpus('auto', [], 'none'), 1);
		assert.equal(gpus('GPU-b', ['GPU-a']), 1);
		assert.equal(gpus('all', ['GPU-a']), 1);
	});

	test('without a record only what the labels tell is compared', () => {
		const wanted = {memoryBytes: 32 * gibibyte, services: ['ssh' as const]};
		assert.deepEqual(
			differencesOf({...plain, ...wanted}, new Set(['limits.memory', 'services']), makeBox(), undefined),
			[{option: 'services', asked: 'ssh', has: 'jupyter'}],
		);
		assert.equal(toRecordedRequest(undefined), undefined);
		assert.equal(toRecordedRequest({gpus: 'auto'}), undefined);
		assert.deepEqual(toRecordedRequest({...plain}), plain);
	});
});
