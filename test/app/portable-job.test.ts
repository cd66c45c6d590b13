import assert from 'node:assert/strict';
import {test} from 'node:test';
import {type ExportFlags, type LockFacts, portableJob} from '../../source/app/portable-job.ts';
import {Failure} from '../../source/base/failure.ts';
import {defaults, merge, toSettings} from '../../source/settings/merge.ts';
import {readSettings} from '../../source/settings/read.ts';
import {digest} from '../job/export/_jobs.ts';

const yaml = `
name: Vision.Team
image: pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime
gpus: 2
mounts: ["/data/imagenet:/data:ro", "../other:/other"]
packages: {pip: ["einops>=0.8", "Pillow_SIMD[x]", "here @ https://example.org/a.whl"], apt: [ffmpeg, git]}
env: {SEED: 42}
secrets: [WANDB_API_KEY]
limits: {memory: 64g, cpus: 8, shmSize: 16g, pids: 4096}
`;

const lock: LockFacts = {
	image: {reference: 'pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime', digest},
	floor: {driver: '570.26', computeCapability: null},
	apt: {ffmpeg: '7:4.4.2'},
	constraints: ['einops==0.8.1', 'numpy==2.1.0'],
};

function make(text: string, flags: Partial<ExportFlags> = {}, facts?: LockFacts) {
	const read = readSettings(text, {place: 'gpubox.yaml', shownAs: 'gpubox.yaml', base: '/home/alice/vision'});
	assert.deepEqual(read.mistakes, []);
	const winners = merge([read.settings, defaults]);
	return portableJob(
		{project: '/home/alice/vision', winners, settings: toSettings(winners)},
		{command: ['python', 'train.py'], ...flags},
		facts,
	);
}

test('the settings of a project become a job without anything of the host', () => {
	const {job, lost} = make(yaml, {nproc: 'auto', timeout: 60, artifacts: ['runs'], secretEnv: ['HF_TOKEN']});
	assert.deepEqual(lost, []);
	assert.deepEqual(job, {
		kind: 'job',
		name: 'vision-team',
		image: {reference: 'pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime', digest: null},
		packages: {
			apt: ['ffmpeg', 'git'],
			pip: ['einops>=0.8', 'Pillow_SIMD[x]', 'here @ https://example.org/a.whl'],
		},
		argv: ['python', 'train.py'],
		gpus: 2,
		nproc: 2,
		nodes: 1,
		limits: {memoryBytes: 64 * 1024 ** 3, cpus: 8, sharedMemoryBytes: 16 * 1024 ** 3, pids: 4096},
		environment: {SEED: '42'},
		secrets: [
			{name: 'WANDB_API_KEY', variable: false},
			{name: 'HF_TOKEN', variable: true},
		],
		mounts: [
			{kind: 'code', source: '.', target: '/workspace', readOnly: false},
			{kind: 'data', source: '/data/imagenet', target: '/data', readOnly: true},
			{kind: 'data', source: './../other', target: '/other', readOnly: false},
			{kind: 'cache', source: '', target: '/cache', readOnly: false},
		],
		artifacts: ['runs'],
		timeouts: {runSeconds: 60},
		floor: {},
	});
});

test('a lock gives the digest, the floor and the versions of what the project asks for', () => {
	const {job} = make(yaml, {}, lock);
	assert.deepEqual(job.image, lock.image);
	assert.deepEqual(job.floor, {driver: '570.26'});
	assert.deepEqual(job.packages, {
		apt: ['ffmpeg=7:4.4.2', 'git'],
		pip: ['einops>=0.8', 'Pillow_SIMD[x]', 'here @ https://example.org/a.whl'],
		constraints: lock.constraints,
	});
});

test('a lock of another image is not used for the image', () => {
	assert.deepEqual(make('image: python:3.12', {}, lock).job.image, {reference: 'python:3.12', digest: null});
	assert.deepEqual(make('gpus: 1', {}, lock).job.image, lock.image);
});

test('without a command the job is a box with Jupyter, and what only gpubox does is lost', () => {
	const text =
		'image: a/b:1\nservices: [jupyter, ssh]\nbind: 0.0.0.0\nidle: {stopAfter: 2h}\nports: {jupyter: 9999, ssh: 2222}';
	const {job, lost} = make(text, {command: []});
	assert.equal(job.kind, 'service');
	assert.equal(job.port, 9999);
	assert.ok(job.argv.includes('--port=9999'));
	assert.deepEqual(job.secrets, [{name: 'JUPYTER_TOKEN', variable: true}]);
	assert.deepEqual(lost.map(({field}) => field).sort(), ['bind', 'idle', 'ports.ssh', 'services']);
	assert.deepEqual(make(text).lost, [], 'a job has no services, ports and idle time');
});

test('GPUs by name become a number, and that is told', () => {
	const {job, lost} = make('image: a/b:1\ngpus: [0, 2]');
	assert.equal(job.gpus, 2);
	assert.deepEqual(
		lost.map(({field}) => field),
		['gpus'],
	);
	assert.equal(make('image: a/b:1\ngpus: none').job.gpus, 0);
	assert.equal(make('image: a/b:1').job.gpus, 1);
});

test('what means nothing elsewhere is refused', () => {
	const usage = (pattern: RegExp) => (error: unknown) =>
		error instanceof Failure && error.exitCode === 2 && pattern.test(error.message);
	assert.throws(() => make('image: a/b:1\ngpus: all'), usage(/all is no number/));
	assert.throws(() => make('gpus: 1'), usage(/No image is set/));
	assert.throws(() => make('image: a/b:1', {command: ['train.ipynb']}), usage(/is a notebook/));
	assert.throws(() => make('image: a/b:1', {command: [], nodes: 2}), usage(/one node/));
	assert.throws(() => make('image: a/b:1', {user: 'root'}), usage(/--user/));
	assert.throws(() => make('image: a/b:1', {secret: ['a b']}), usage(/name of a secret/));
	assert.throws(() => make('image: a/b:1', {built: 'a b'}), usage(/not an image/));
	assert.throws(() => make('image: a/b:1\nmounts: ["/x:/cache"]'), usage(/Cannot mount/));
	assert.throws(() => make('image: a/b:1\nenv: {HOME: /x}'), usage(/reserved/));
});
