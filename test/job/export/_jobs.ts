import fc from 'fast-check';
import type {PortableJob} from '../../../source/job/export/portable-job.ts';
import type {ExportOptions} from '../../../source/job/export/target.ts';

export const options: ExportOptions = {with: 'pyxis', check: true, lostBefore: []};

export const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

/** A job that sets nothing it need not set. */
export const plainJob: PortableJob = {
	kind: 'job',
	name: 'vision',
	image: {reference: 'pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime', digest},
	packages: {apt: [], pip: []},
	argv: ['python', 'train.py'],
	gpus: 1,
	nodes: 1,
	limits: {},
	environment: {},
	secrets: [],
	mounts: [{kind: 'code', source: '.', target: '/workspace', readOnly: false}],
	artifacts: [],
	timeouts: {},
	floor: {},
};

/** A job that sets everything. */
export const fullJob: PortableJob = {
	...plainJob,
	packages: {apt: ['ffmpeg'], pip: ['einops>=0.8']},
	setup: 'pip install -e .',
	argv: ['python', 'train.py', '--lr', '3e-4'],
	gpus: 2,
	nproc: 2,
	limits: {memoryBytes: 64 * 1024 ** 3, cpus: 16, sharedMemoryBytes: 16 * 1024 ** 3, pids: 4096},
	user: {uid: 1234, gid: 4321},
	environment: {SEED: '42'},
	secrets: [
		{name: 'WANDB_API_KEY', variable: true},
		{name: 'LICENSE_FILE', variable: false},
	],
	mounts: [
		...plainJob.mounts,
		{kind: 'data', source: '/data/imagenet', target: '/data', readOnly: true},
		{kind: 'cache', source: '', target: '/cache', readOnly: false},
	],
	artifacts: ['runs/**'],
	timeouts: {runSeconds: 86_400, stopSeconds: 300},
	floor: {driver: '570.26', computeCapability: '7.0'},
};

const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, {nil: undefined});

/** Jobs whose every value can be recognised in a text: no two fields have the same one. */
export const jobs: fc.Arbitrary<PortableJob> = fc
	.record({
		kind: fc.constantFrom('job' as const, 'service' as const),
		locked: fc.boolean(),
		built: fc.boolean(),
		apt: fc.boolean(),
		pip: fc.boolean(),
		setup: fc.boolean(),
		gpus: fc.constantFrom(0, 3),
		nproc: maybe(fc.constant(5)),
		nodes: fc.constantFrom(1, 7),
		memory: maybe(fc.constantFrom(60_011 * 1024 ** 2, 61_000_000_001)),
		cpus: maybe(fc.constantFrom(53, 53.5)),
		shm: maybe(fc.constant(20_011 * 1024 ** 2)),
		pids: maybe(fc.constant(31_337)),
		user: maybe(fc.constant({uid: 41_001, gid: 41_002})),
		env: fc.subarray(['plainvalue', 'twovalue\nlines', `withvalue \${name}`, "quotedvalue's"]),
		secrets: fc.subarray([
			{name: 'SECRET_ONE', variable: true},
			{name: 'SECRET_TWO', variable: false},
		]),
		data: fc.subarray(['/data/first', 'second/folder', '~/third', '/data/with,comma', `/data/with \${name}`]),
		cache: fc.boolean(),
		artifacts: fc.subarray(['results/**', "it's/*.txt"]),
		run: maybe(fc.constantFrom(12_345, 123_456)),
		stop: maybe(fc.constant(777)),
		driver: maybe(fc.constant('571.83')),
		capability: maybe(fc.constant('8.6')),
		port: fc.boolean(),
	})
	.map((chosen) => ({
		kind: chosen.kind,
		name: 'jobname',
		image: {reference: 'registry.example:5000/team/base:1.2', digest: chosen.locked ? digest : null},
		...(chosen.built
			? {
					built: {
						reference: 'registry.example:5000/team/whole:9',
						digest: chosen.locked ? `sha256:${'f'.repeat(64)}` : null,
					},
				}
			: {}),
		packages: {apt: chosen.apt ? ['aptpackage'] : [], pip: chosen.pip ? ['pippackage>=1'] : []},
		...(chosen.setup ? {setup: "echo setupcommand 'a b'"} : {}),
		argv: ['python', 'script.py', '--option', "it's $HOME"],
		gpus: chosen.gpus,
		...(chosen.nproc === undefined ? {} : {nproc: chosen.nproc}),
		nodes: chosen.kind === 'job' ? chosen.nodes : 1,
		limits: {
			...(chosen.memory === undefined ? {} : {memoryBytes: chosen.memory}),
			...(chosen.cpus === undefined ? {} : {cpus: chosen.cpus}),
			...(chosen.shm === undefined ? {} : {sharedMemoryBytes: chosen.shm}),
			...(chosen.pids === undefined ? {} : {pids: chosen.pids}),
		},
		...(chosen.user ? {user: chosen.user} : {}),
		environment: Object.fromEntries(chosen.env.map((value, index) => [`VARIABLE_${index}`, value])),
		secrets: chosen.secrets,
		mounts: [
			...plainJob.mounts,
			...chosen.data.map((source, index) => ({
				kind: 'data' as const,
				source,
				target: `/mounted/${index}`,
				readOnly: index % 2 === 0,
			})),
			...(chosen.cache ? [{kind: 'cache' as const, source: '', target: '/cachefolder', readOnly: false}] : []),
		],
		artifacts: chosen.artifacts,
		timeouts: {
			...(chosen.run === undefined ? {} : {runSeconds: chosen.run}),
			...(chosen.stop === undefined ? {} : {stopSeconds: chosen.stop}),
		},
		floor: {
			...(chosen.driver === undefined ? {} : {driver: chosen.driver}),
			...(chosen.capability === undefined ? {} : {computeCapability: chosen.capability}),
		},
		...(chosen.port ? {port: 8899} : {}),
	}));
