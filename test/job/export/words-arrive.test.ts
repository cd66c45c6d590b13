import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {delimiter, join} from 'node:path';
import {after, test} from 'node:test';
import fc from 'fast-check';
import {parse, parseAllDocuments} from 'yaml';
import {targets} from '../../../source/job/export/index.ts';
import type {PortableJob} from '../../../source/job/export/portable-job.ts';
import type {TargetName} from '../../../source/job/export/target-names.ts';
import {fullJob, options, plainJob} from './_jobs.ts';

/*
The words of the command and the values of variables arrive as they are, whatever they hold: through YAML, the variables of Compose, the
expressions of GitHub, Groovy and the shell. Scripts are run by the real shell, with stand-ins for docker and srun that start what they are
given.
*/

const folder = mkdtempSync(join(tmpdir(), 'gpubox-test-'));
after(() => rmSync(folder, {recursive: true}));

function program(name: string, lines: string[]): string {
	const path = join(folder, name);
	writeFileSync(path, `${lines.join('\n')}\n`, {mode: 0o755});
	return path;
}

const show = program('show', ['#!/bin/sh', 'printf "%s\\0" "$0" "$@" "$ODD"']);
program('srun', ['#!/bin/bash', 'while [[ $1 == --* ]]; do shift; done', 'exec "$@"']);
program('apptainer', ['#!/bin/bash', 'while [[ $1 != docker://* ]]; do shift; done', 'shift; exec "$@"']);
program('docker', [
	'#!/bin/bash',
	'environment=()',
	'while [[ $1 != IMAGE ]]; do',
	'  case $1 in',
	'  --env) environment+=("$2"); shift ;;',
	'  --entrypoint) entrypoint=$2; shift ;;',
	'  esac',
	'  shift',
	'done',
	`shift; exec env "\${environment[@]}" "$entrypoint" "$@"`,
]);

/** What `show` was started with, and its variable. */
function runScript(shell: string, text: string): string[] {
	const {stdout, stderr, status} = spawnSync(shell, ['-e', '-c', text], {
		encoding: 'utf8',
		env: {
			PATH: [folder, process.env.PATH].join(delimiter),
			HOME: folder,
			TMPDIR: folder,
			SLURM_SUBMIT_DIR: folder,
			SLURM_NODEID: '1',
			SLURM_JOB_NODELIST: 'n1',
			CI_PROJECT_DIR: folder,
			WORKSPACE: folder,
		},
	});
	assert.equal(status, 0, `${text}\n${stderr}`);
	return stdout.split('\0').slice(0, -1);
}

const fileOf = (job: PortableJob, name: TargetName, more: Partial<typeof options> = {}) =>
	targets[name].emit(job, {...options, check: false, ...more}).files[0].text;

/** What a Compose file's reader makes of `$`. */
const interpolate = (text: string) =>
	text.replaceAll(/\$(\$?)/g, (_, second: string) => (second === '$' ? '$' : assert.fail(`a variable in ${text}`)));

/** What Kubernetes makes of `$`: third_party/forked/golang/expansion there. Any other one stays, and names nothing. */
const expand = (text: string) =>
	text.replaceAll(/\$([$(])/g, (_, second: string) => (second === '$' ? '$' : assert.fail(`a variable in ${text}`)));

type Service = {entrypoint: string[]; environment: Record<string, string>};
const composeService = (text: string) =>
	Object.values((parse(text) as {services: Record<string, Service>}).services)[0];

const ofService = (service: Service | undefined) => [
	...(service?.entrypoint ?? []).map(interpolate),
	interpolate(service?.environment.ODD ?? ''),
];

/** What a container gets, by target; the last one is the variable. */
const arrivals: Record<Exclude<TargetName, 'devcontainer'>, (job: PortableJob) => string[]> = {
	dockerfile(job) {
		const text = fileOf(job, 'dockerfile');
		const [, command = ''] = /^CMD (.*)$/m.exec(text) ?? [];
		const [, value = ''] = /^ENV ODD="((?:[^"\\]|\\.)*)"$/m.exec(text) ?? [];
		return [...(JSON.parse(command) as string[]), value.replaceAll(/\\(["\\$])/g, '$1')];
	},
	compose: (job) => ofService(composeService(fileOf(job, 'compose'))),
	swarm: (job) => ofService(composeService(fileOf(job, 'swarm'))),
	kubernetes(job) {
		const document = parseAllDocuments(fileOf(job, 'kubernetes')).at(-1)?.toJS() as {
			spec: {template: {spec: {containers: Array<{command: string[]; env: Array<{name: string; value: string}>}>}}};
		};
		const [container] = document.spec.template.spec.containers;
		return [
			...(container?.command ?? []).map(expand),
			expand(container?.env.find(({name}) => name === 'ODD')?.value ?? ''),
		];
	},
	slurm: (job) => runScript('bash', fileOf(job, 'slurm')),
	'github-actions'(job) {
		const workflow = parse(fileOf(job, 'github-actions')) as {
			jobs: {job: {steps: Array<{name?: string; run?: string}>}};
		};
		const run = workflow.jobs.job.steps.find(({name}) => name === 'Run')?.run ?? '';
		return runScript(
			'bash',
			run.replaceAll(/\$\{\{(.*?)\}\}/g, (_, expression: string) =>
				expression.trim() === `'\${{'` ? `\${{` : assert.fail(`an expression: ${expression}`),
			),
		);
	},
	'gitlab-ci': (job) =>
		runScript('sh', (parse(fileOf(job, 'gitlab-ci')) as {job: {script: string[]}}).job.script.join('\n')),
	jenkins(job) {
		const [, text = ''] = /^ *sh '((?:[^'\\]|\\.)*)'$/m.exec(fileOf(job, 'jenkins')) ?? [];
		const plain: Record<string, string> = {n: '\n', r: '\r', t: '\t'};
		return runScript(
			'sh',
			text.replaceAll(/\\(.)/g, (_, character: string) => plain[character] ?? character),
		);
	},
};

const oddParts = [
	'a',
	' ',
	"'",
	'"',
	'$',
	'\\',
	'`',
	'{',
	'}',
	'(',
	')',
	'#',
	'\n',
	'\t',
	'*',
	'%',
	'!',
	'&',
	';',
	'é',
	'日',
	'$HOME',
	'$(id)',
	'${'.concat('{ x }}'),
	': ',
	'- ',
	'\\n',
];
const odd = fc.array(fc.constantFrom(...oddParts), {maxLength: 8}).map((parts) => parts.join(''));

for (const [name, arrive] of Object.entries(arrivals) as Array<[TargetName, (job: PortableJob) => string[]]>) {
	test(`${name} passes every word and value on as it is`, () => {
		fc.assert(
			fc.property(fc.array(odd, {maxLength: 4}), odd, (words, value) => {
				// A Dockerfile reports values of several lines as lost.
				const variable = name === 'dockerfile' ? value.replaceAll('\n', ' ') : value;
				const job = {
					...plainJob,
					gpus: 0,
					built: {reference: 'IMAGE', digest: null},
					argv: [show, ...words],
					environment: {ODD: variable},
				};
				assert.deepEqual(arrive(job), [show, ...words, variable]);
			}),
			{numRuns: 60},
		);
	});
}

test('Apptainer passes every word on as it is, on several nodes too', () => {
	fc.assert(
		fc.property(fc.array(odd, {maxLength: 4}), fc.constantFrom(1, 2), (words, nodes) => {
			const job = {...plainJob, nodes, argv: [show, ...words], environment: {ODD: words.join()}};
			program('scontrol', ['#!/bin/sh', 'echo n1', 'echo n2']);
			assert.deepEqual(
				runScript('bash', fileOf(job, 'slurm', {with: 'apptainer'}).replaceAll('$CUDA_VISIBLE_DEVICES', '0')),
				[show, ...words, words.join()],
			);
		}),
		{numRuns: 40},
	);
});

test('on several nodes each gets its rank and the address of the first', () => {
	const job = {...plainJob, nodes: 2, nproc: 2, gpus: 0, argv: ['python', 'train.py', "it's"]};
	program('torchrun', ['#!/bin/sh', 'printf "%s\\0" "$@" ""']);
	program('scontrol', ['#!/bin/sh', 'echo n1', 'echo n2']);
	for (const way of ['pyxis', 'apptainer'] as const) {
		assert.deepEqual(runScript('bash', fileOf(job, 'slurm', {with: way})).slice(0, -1), [
			...['--nnodes=2', '--nproc_per_node=2', '--node_rank=1', '--master_addr=n1', '--master_port=29500'],
			...['train.py', "it's"],
		]);
	}

	const command = parseAllDocuments(fileOf(job, 'kubernetes'))
		.at(-1)
		?.getIn(['spec', 'template', 'spec', 'containers', 0, 'command']);
	assert.deepEqual(JSON.parse(JSON.stringify(command)), [
		...[
			'torchrun',
			'--nnodes=2',
			'--nproc_per_node=2',
			'--node_rank=$(JOB_COMPLETION_INDEX)',
			'--master_addr=vision-0.vision',
		],
		...['--master_port=29500', 'train.py', "it's"],
	]);
});

test('the setup command runs first, and its failure ends the job', () => {
	const job = {
		...fullJob,
		gpus: 0,
		nproc: undefined,
		floor: {},
		secrets: [],
		mounts: plainJob.mounts,
		argv: [show, 'a'],
		environment: {},
	};
	const {nproc: _, ...plain} = job;
	const script = (setup: string) =>
		(parse(fileOf({...plain, setup}, 'gitlab-ci')) as {job: {script: string[]}}).job.script.join('\n');
	assert.deepEqual(runScript('sh', script("printf 'set up\\0'")), ['set up', show, 'a', '']);
	assert.throws(() => runScript('sh', script('false')));
});

test('the secrets of a batch job are files, and variables where they are wanted', () => {
	program('show-secret', ['#!/bin/sh', 'printf "%s\\0" "$TOKEN"']);
	const job = {...plainJob, gpus: 0, argv: [join(folder, 'show-secret')], secrets: [{name: 'TOKEN', variable: true}]};
	const text = fileOf(job, 'slurm');
	assert.match(text, /"\$secrets"\/TOKEN:\/run\/secrets\/TOKEN:ro/);
	assert.throws(() => runScript('bash', text), /The secret TOKEN is missing/);
	const secrets = join(folder, 'TOKEN');
	writeFileSync(secrets, 'hunter2');
	const inside = text.replaceAll('cat /run/secrets/TOKEN', `cat ${secrets}`);
	assert.deepEqual(runScript('bash', `GPUBOX_SECRETS=${folder}\n${inside}`), ['hunter2']);
});
