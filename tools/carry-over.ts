/** Writes into docs/export.md which fields of a job each target carries over. */
import {readFileSync, writeFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {targets} from '../source/job/export/index.ts';
import type {PortableJob} from '../source/job/export/portable-job.ts';
import {type Field, fieldNames} from '../source/job/export/target.ts';
import {targetNames} from '../source/job/export/target-names.ts';

export const page = fileURLToPath(new URL('../docs/export.md', import.meta.url));

/** A job that sets every field; what is only lost in some cases is not. */
const sample: PortableJob = {
	kind: 'job',
	name: 'sample',
	image: {reference: 'registry.example/base:1', digest: `sha256:${'0'.repeat(64)}`},
	packages: {apt: ['ffmpeg'], pip: ['einops']},
	setup: 'pip install -e .',
	argv: ['python', 'train.py'],
	gpus: 2,
	nproc: 2,
	nodes: 2,
	limits: {memoryBytes: 2 ** 36, cpus: 8, sharedMemoryBytes: 2 ** 34, pids: 4096},
	user: {uid: 1000, gid: 1000},
	environment: {SEED: '42'},
	secrets: [
		{name: 'ONE', variable: true},
		{name: 'TWO', variable: false},
	],
	mounts: [
		{kind: 'code', source: '.', target: '/workspace', readOnly: false},
		{kind: 'data', source: '/data', target: '/data', readOnly: true},
		{kind: 'cache', source: '', target: '/cache', readOnly: false},
	],
	artifacts: ['runs'],
	timeouts: {runSeconds: 3600, stopSeconds: 300},
	floor: {driver: '570.26', computeCapability: '7.0'},
	port: 8888,
};

/** Rows of the table; a job has no port, a box has. */
const rows: Array<[field: Field, meaning: string]> = [
	['image.digest', 'image by digest'],
	['packages.apt', 'packages of the distribution'],
	['packages.pip', 'Python packages'],
	['setup', '`postCreate`'],
	['command', 'command'],
	['gpus', 'number of GPUs'],
	['nproc', 'processes on each node'],
	['nodes', 'several nodes'],
	['limits.memory', 'memory'],
	['limits.cpus', 'CPUs'],
	['limits.shmSize', 'size of /dev/shm'],
	['limits.pids', 'number of processes'],
	['user', 'user'],
	['env', 'variables'],
	['secrets', 'secrets'],
	['mounts.code', 'the code'],
	['mounts.data', 'other mounts'],
	['mounts.cache', 'caches'],
	['artifacts', 'results'],
	['timeout', 'limit of time'],
	['stopTimeout', 'time to stop'],
	['floor.driver', 'oldest driver'],
	['floor.computeCapability', 'oldest GPU'],
	['port', 'port of a box'],
];

export const untold = fieldNames.filter((field) => !rows.some(([told]) => told === field));

function lostIn(name: (typeof targetNames)[number], built: boolean): Set<string> {
	const options = {with: 'pyxis', check: true, runners: ['gpu'], lostBefore: []} as const;
	const job = built ? {...sample, built: {...sample.image, reference: 'registry.example/own:1'}} : sample;
	return new Set(targets[name].emit(job, options).lost.map(({field}) => field));
}

function table(): string {
	const lost = targetNames.map((name) => ({plain: lostIn(name, false), built: lostIn(name, true)}));
	const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
	return [
		line(['', ...targetNames]),
		line(['---', ...targetNames.map(() => '---')]),
		...rows.map(([field, meaning]) =>
			line([meaning, ...lost.map(({plain, built}) => (!plain.has(field) ? '✓' : built.has(field) ? '–' : 'pushed'))]),
		),
	].join('\n');
}

/** The page with the table as it has to be now. */
export function renderPage(before: string): string {
	return before.replace(
		/(<!-- Written by [^\n]*\n).*(<!-- End of what)/s,
		(_, start: string, end: string) => `${start}\n${table()}\n\n${end}`,
	);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
	writeFileSync(page, renderPage(readFileSync(page, 'utf8')));
}
