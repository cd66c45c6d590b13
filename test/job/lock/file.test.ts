import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import fc from 'fast-check';
import {Failure} from '../../../source/base/failure.ts';
import {hashInputs, type Lock, lockState} from '../../../source/job/lock/lock.ts';
import {digestOf} from '../../../source/job/lock/make.ts';
import {pinnedReference, pinOf} from '../../../source/job/lock/pins.ts';
import {readLock} from '../../../source/job/lock/read.ts';
import {writeLock} from '../../../source/job/lock/write.ts';
import {inputs, lock} from './_lock.ts';

const text = writeLock(lock);

describe('gpubox.lock', () => {
	test('has one fact a line, sorted', () => {
		assert.equal(
			text,
			`# Written by \`gpubox lock\`. To update it, run that again; to compare it with what is here: \`gpubox verify\`

version: 1
inputs: ${lock.inputs}
image:
  digest: ${lock.image.digest}
  platform: linux/amd64
  reference: pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime
  rootfs: ${lock.image.rootfs}
layers:
  install: ${lock.layers.install}
  packages: ${lock.layers.packages}
inside:
  archs: [sm_70, sm_90, compute_90]
  cuda: "12.8"
  cudnn: "91002"
  glibc: "2.35"
  nccl: 2.27.3
  python: 3.11.13
  torch: 2.8.0+cu128
floor:
  computeCapability: "7.0"
  driver: "570.26"
packages:
  apt:
    ffmpeg: 7:4.4.2-0ubuntu0.22.04.1
  pip:
    einops: {version: 0.8.1, record: sha256:${'a'.repeat(64)}}
    six: {version: "1.16", record: sha256:${'a'.repeat(64)}}
    torch: {version: 2.8.0+cu128, record: sha256:${'a'.repeat(64)}}
`,
		);
	});

	test('reads back as what was written', () => {
		assert.deepEqual(readLock(text, 'gpubox.lock'), lock);
		const pushed = {reference: 'registry.example/team/vision:1', digest: `sha256:${'c'.repeat(64)}`};
		const full = {...lock, pushed, previous: {...lock, inputs: `sha256:${'7'.repeat(64)}`, pushed}};
		assert.deepEqual(readLock(writeLock(full), 'gpubox.lock'), full);
		const least: Lock = {
			...lock,
			image: {...lock.image, digest: null},
			layers: {},
			inside: {python: null, torch: null, cuda: null, cudnn: null, nccl: null, archs: [], glibc: null},
			floor: {driver: null, computeCapability: null},
			packages: {apt: {}, pip: {}},
		};
		assert.deepEqual(readLock(writeLock(least), 'gpubox.lock'), least);
	});

	test('any versions of packages read back, in any order the same text', () => {
		const version = fc.stringMatching(/^[0-9][\w.+!-]{0,20}$/);
		const name = fc.stringMatching(/^[a-z0-9]{1,6}(-[a-z0-9]{1,6})?$/);
		fc.assert(
			fc.property(fc.dictionary(name, version, {noNullPrototype: true}), (found) => {
				const pip = Object.fromEntries(
					Object.entries(found).map(([key, value]) => [key, {version: value, record: null}]),
				);
				const reversed = Object.fromEntries(Object.entries(pip).toReversed());
				const written = writeLock({...lock, packages: {apt: {}, pip}});
				assert.deepEqual(readLock(written, 'x').packages.pip, pip);
				assert.equal(writeLock({...lock, packages: {apt: {}, pip: reversed}}), written);
			}),
		);
	});

	const wrong: Array<[name: string, text: string, says: RegExp]> = [
		['one that was added', `${text}extra: 1\n`, /^l:31:8: Unknown entry "extra"\.$/],
		[
			'a newer version',
			text.replace('version: 1', 'version: 7'),
			/^l:3:10: The lock was written by a newer gpubox \(version 7 /,
		],
		['no version', text.replace('version: 1\n', ''), /^l:3:1: "version" is missing\.$/],
		['an older one that never was', text.replace('version: 1', 'version: 0'), /^l:3:10: version must be 1\.$/],
		[
			'marks of a merge',
			text.replace('image:', '<<<<<<< HEAD\nimage:'),
			/^l:5:1: The lock has marks of a merge conflict\.$/,
		],
		['the middle of one', text.replace('image:', '=======\nimage:'), /^l:5:1: The lock has marks/],
		[
			'a digest cut short',
			text.replace(/digest: .*/, 'digest: sha256:12'),
			/^l:6:11: "image\.digest" must be none \(local\), or sha256:/,
		],
		[
			'a misspelt section',
			text.replace('floor:', 'flor:'),
			/^l:20:1: Unknown entry "flor"\.|^l:\d+:1: "floor" is missing\.$/,
		],
		['a list for a version', text.replace('nccl: 2.27.3', 'nccl: [2]'), /^l:18:3: "inside\.nccl" must be a version\.$/],
		[
			'a package that is an option of pip',
			text.replace('einops:', '--index-url:'),
			/"packages\.pip\.--index-url" must be a package's name/,
		],
		[
			'a version that is a command',
			text.replace('7:4.4.2-0ubuntu0.22.04.1', '"1 $(reboot)"'),
			/^l:\d+:13: "packages\.apt\.ffmpeg" must be a version\.$/,
		],
		['the same twice', text.replace('inputs:', `inputs: ${lock.inputs}\ninputs:`), /^l:5:1: /],
		['broken YAML', text.replace('image:', 'image: {'), /^l:\d+:\d+: /],
		['an empty file', '', /^l:1:1: The lock is empty or cut short\.$/],
		['a layer of gpubox as the image', text.replace(/reference: .*/, 'reference: gpubox/box:x'), /reserved for layers/],
		['an alias that multiplies', `a: &a [x]\nb: &b [${'*a,'.repeat(200)}]\nc: [${'*b,'.repeat(200)}]`, /^l:1:1: /],
	];
	for (const [name, broken, says] of wrong) {
		test(`${name} is one line with its place`, () => {
			assert.throws(
				() => readLock(broken, 'l'),
				(error: unknown) => {
					assert.ok(error instanceof Failure, String(error));
					assert.match(error.message, says);
					assert.equal(error.exitCode, 2);
					assert.notEqual(error.fix, '');
					return true;
				},
			);
		});
	}
});

test('a lock is stale when image, family, packages or postCreate of gpubox.yaml change, in whatever order they stand', () => {
	assert.equal(lockState(undefined, inputs).kind, 'none');
	assert.equal(lockState(lock, inputs).kind, 'current');
	for (const change of [{image: 'other'}, {family: 'ngc'}, {postCreate: 'make'}, {packages: {apt: [], pip: []}}]) {
		assert.equal(lockState(lock, {...inputs, ...change}).kind, 'stale', JSON.stringify(change));
	}

	const [one, other] = [
		['a', 'b'],
		['b', 'a'],
	].map((apt) => hashInputs({packages: {apt, pip: []}}));
	assert.equal(one, other);
});

describe('the image by its digest', () => {
	const digest = `sha256:${'d'.repeat(64)}`;
	const pinned: Array<[reference: string, pinned: string]> = [
		['pytorch/pytorch:2.8.0', `pytorch/pytorch@${digest}`],
		['ubuntu', `ubuntu@${digest}`],
		['docker.io/library/ubuntu:24.04', `ubuntu@${digest}`],
		['nvcr.io/nvidia/pytorch:25.09-py3', `nvcr.io/nvidia/pytorch@${digest}`],
		['localhost:5000/a:1', `localhost:5000/a@${digest}`],
	];
	for (const [reference, wanted] of pinned) {
		test(`${reference} is ${wanted.replace(/@.*/, '@…')}`, () => {
			assert.equal(pinnedReference({reference, digest}), wanted);
			assert.equal(pinnedReference({reference, digest: null}), reference);
		});
	}

	test('comes from its own repository, or from a mirror that has the same path', () => {
		const [a, b] = [`sha256:${'a'.repeat(64)}`, `sha256:${'b'.repeat(64)}`];
		assert.equal(digestOf('pytorch/pytorch:1', [`mirror:5000/pytorch/pytorch@${a}`, `pytorch/pytorch@${b}`]), b);
		assert.equal(digestOf('pytorch/pytorch:1', [`mirror:5000/pytorch/pytorch@${a}`]), a);
		assert.equal(digestOf('pytorch/pytorch:1', [`other/image@${a}`]), null);
		assert.equal(digestOf('pytorch/pytorch:1', [`pytorch/pytorch@${b}`, `pytorch/pytorch@${a}`]), a);
		assert.equal(digestOf('pytorch/pytorch:1', [`pytorch/pytorch@${b}`, `pytorch/pytorch@${a}`], b), b);
		assert.equal(digestOf(`pytorch/pytorch@${b}`, [`pytorch/pytorch@${a}`, `pytorch/pytorch@${b}`]), b);
	});
});

test('constraints name what pip can move: packages with a list of files and a version of its kind', () => {
	const pip = {
		torch: {version: '2.8.0+cu128', record: `sha256:${'a'.repeat(64)}`},
		epoch: {version: '1!2.0rc1.post2.dev3', record: `sha256:${'a'.repeat(64)}`},
		'python-apt': {version: '2.4.0', record: null},
		odd: {version: '2013-02-16', record: `sha256:${'a'.repeat(64)}`},
	};
	const {constraints, reference} = pinOf({...lock, packages: {apt: {}, pip}});
	assert.deepEqual(constraints, ['epoch==1!2.0rc1.post2.dev3', 'torch==2.8.0+cu128']);
	assert.equal(reference, `pytorch/pytorch@${lock.image.digest}`);
});
