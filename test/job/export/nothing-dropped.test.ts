import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {targets} from '../../../source/job/export/index.ts';
import type {PortableJob} from '../../../source/job/export/portable-job.ts';
import {type Exported, type Field, fieldNames, isSet, type Target, takes} from '../../../source/job/export/target.ts';
import {jobs, options} from './_jobs.ts';

/*
No target drops a field in silence: it is in the files, comments left out, or in `lost`.
*/

/** The files as their reader sees them. */
function withoutComments({files}: Exported): string {
	return files.map(({text}) => text.replaceAll(/^\s*(?:#(?!SBATCH)|\/\/).*$/gm, '')).join('\n');
}

const megabytes = (bytes: number) => Math.ceil(bytes / 1024 ** 2);
const sizes = (bytes = 0) => [
	String(bytes),
	`${bytes}b`,
	`${megabytes(bytes)}m`,
	`${megabytes(bytes)}Mi`,
	`--mem=${megabytes(bytes)}M`,
];
const clock = (seconds = 0) =>
	`${Math.floor(seconds / 86_400)}-${new Date((seconds % 86_400) * 1000).toISOString().slice(11, 19)}`;

/** The part of a value that every way to quote leaves as it is. */
const plainPart = (text: string) => /[\w/.-]+/.exec(text)?.[0] ?? text;

/** For each field what has to be in a text: of each list one. */
const needles: Record<Field, (job: PortableJob) => string[][]> = {
	'image.digest': ({image, built}) => [[(built ?? image).digest ?? '', image.digest ?? '']],
	'packages.apt': ({packages, built}) => (built ? [] : packages.apt.map((name) => [name])),
	'packages.pip': ({packages, built}) => (built ? [] : packages.pip.map((name) => [name])),
	setup: ({built}) => (built ? [] : [['setupcommand']]),
	command: ({argv}) => argv.slice(1).map((word) => [plainPart(word)]),
	gpus: ({gpus}) => [
		[
			`--gpus ${gpus}`,
			`"--gpus",\n\t\t"${gpus}"`,
			`count: ${gpus}`,
			`nvidia.com/gpu: "${gpus}"`,
			`--gres=gpu:${gpus}\n`,
			`value: ${gpus}\n`,
		],
	],
	nproc: ({nproc}) => [[`--nproc_per_node=${nproc}`]],
	nodes: ({nodes}) => [[`completions: ${nodes}\n`, `#SBATCH --nodes=${nodes}\n`]],
	'limits.memory': ({limits}) => [sizes(limits.memoryBytes)],
	'limits.cpus': ({limits}) => [
		[
			...[`cpus: ${limits.cpus}\n`, `cpus: "${limits.cpus}"`, `cpus = "${limits.cpus}"`, `cpu: "${limits.cpus}"`],
			...[`--cpus ${limits.cpus} `, `"--cpus",\n\t\t"${limits.cpus}"`],
			`--cpus-per-task=${Math.ceil(limits.cpus ?? 0)}\n`,
		],
	],
	'limits.shmSize': ({limits}) => [sizes(limits.sharedMemoryBytes)],
	'limits.pids': ({limits}) => [[String(limits.pids)]],
	user: ({user}) => [[`${user?.uid}`], [`${user?.gid}`]],
	env: ({environment}) => Object.entries(environment).flatMap(([name, value]) => [[name], [plainPart(value)]]),
	secrets: ({secrets}) => secrets.map(({name}) => [name]),
	'mounts.code': ({mounts, built}) =>
		built ? [] : mounts.flatMap(({kind, target}) => (kind === 'code' ? [[target]] : [])),
	'mounts.data': ({mounts}) =>
		mounts.flatMap(({kind, source, target}) =>
			kind === 'data' ? [[plainPart(source).replace(/^~?\//, '')], [target]] : [],
		),
	'mounts.cache': ({mounts}) => mounts.flatMap(({kind, target}) => (kind === 'cache' ? [[target]] : [])),
	artifacts: ({artifacts}) => artifacts.map((path) => [plainPart(path)]),
	timeout: ({timeouts: {runSeconds = 0}}) => [
		[`${runSeconds}`, `timeout-minutes: ${Math.ceil(runSeconds / 60)}\n`, clock(runSeconds)],
	],
	stopTimeout: ({timeouts}) => [
		[
			`: ${timeouts.stopSeconds}\n`,
			`${timeouts.stopSeconds}s`,
			`TERM@${timeouts.stopSeconds}\n`,
			`--stop-timeout ${timeouts.stopSeconds} `,
			`"${timeouts.stopSeconds}"`,
		],
	],
	'floor.driver': ({floor, gpus}) => (gpus === 0 ? [] : [[floor.driver ?? '']]),
	'floor.computeCapability': ({floor, gpus}) => (gpus === 0 ? [] : [[floor.computeCapability ?? '']]),
	port: ({port}) => [[String(port)]],
};

/** What a target does without a word of the job: results stay in a folder that is mounted, code and caches are where the CI service has them. */
function isImplied(target: Target, job: PortableJob, field: Field): boolean {
	switch (field) {
		case 'artifacts':
			return target.name === 'slurm' || target.name === 'devcontainer' || (target.name === 'compose' && !job.built);
		case 'mounts.code':
		case 'mounts.cache':
			return target.name === 'gitlab-ci' || target.name === 'jenkins';
		case 'command':
			return target.name === 'devcontainer' && job.kind === 'service';
		default:
			return false;
	}
}

function missing(target: Target, job: PortableJob): Field[] {
	const exported = target.emit(job, options);
	const text = withoutComments(exported);
	const lost = new Set(exported.lost.map(({field}) => field));
	return fieldNames.filter(
		(field) =>
			isSet(job, field) &&
			!lost.has(field) &&
			!isImplied(target, job, field) &&
			!needles[field](job).every((either) => either.some((needle) => text.includes(needle))),
	);
}

for (const target of Object.values(targets)) {
	test(`${target.name} drops no field of a job`, () => {
		fc.assert(
			fc.property(jobs, (job) => {
				fc.pre(takes(target, job.kind));
				assert.deepEqual(missing(target, job), []);
			}),
			{numRuns: 300},
		);
	});

	test(`${target.name} reports nothing lost that a job does not set, and tells all of it in the file`, () => {
		fc.assert(
			fc.property(jobs, (job) => {
				fc.pre(takes(target, job.kind));
				const {files, lost} = target.emit(job, options);
				for (const {field, why, instead} of lost) {
					assert.ok(field === 'image.digest' ? !isSet(job, field) : isSet(job, field as Field), field);
					assert.ok(
						why !== '' && instead !== '' && !/undefined|\bnull\b/.test(why + instead),
						`${field}: ${why}, ${instead}`,
					);
					assert.ok(files[0].text.includes(`  ${field}: `), field);
				}
			}),
			{numRuns: 100},
		);
	});
}
