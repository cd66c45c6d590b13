/**
What `npm run bench` does: the times that gpubox promises, as ratios to a named reference measured in the same run.

	npm run bench             prints the table
	npm run bench -- ls rest  these alone, of: ls, images, frame, up, run, rest
	npm run bench -- --check  exit code 1 when a limit is passed
*/
import {readFileSync} from 'node:fs';
import {chmod, mkdtemp, readdir, readFile, rm, writeFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';
import type Dockerode from 'dockerode';
import {build} from 'rolldown';
import {jupyterBase} from '../source/box/jupyter/server.ts';
import {queryArguments, staticFields} from '../source/gpu/fields.ts';
import {
	dockerOf,
	makePerson,
	openTerminal,
	type Person,
	type TestHost,
	testHost,
	testHostVariable,
} from '../test/_helpers/test-host/index.ts';
import {prepareHost} from '../test/_helpers/test-host/prepare.ts';
import {compare, timed} from './measure.ts';

const benches = {
	ls: benchLs,
	images: benchImages,
	frame: benchFirstFrame,
	up: benchUp,
	run: benchRun,
	rest: benchSteadyState,
};
const wanted = process.argv.slice(2).filter((word) => !word.startsWith('-'));
const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
const interrupted = new AbortController();
process.on('SIGINT', () => interrupted.abort());

/** Of `seq 1000000`. */
const bytesOfMillion = 6_888_896;

type Row = {what: string; ours: string; reference: string; ratio: number; limit: number};

const prepared = process.env[testHostVariable]
	? undefined
	: await prepareHost({root, keep: false, say: console.log, signal: interrupted.signal});
if (prepared) {
	process.env[testHostVariable] = prepared.file;
}

const host = testHost();
const person = await makePerson(host, 'bench');
try {
	const rows: Row[] = [];
	for (const [name, bench] of Object.entries(benches)) {
		if (wanted.length === 0 || wanted.includes(name)) {
			rows.push(...(await bench()));
		}
	}

	console.table(
		rows.map(({ratio, limit, ...row}) => ({...row, ratio: ratio.toFixed(2), limit, ok: ratio <= limit ? 'yes' : 'NO'})),
	);
	if (process.argv.includes('--check') && rows.some(({ratio, limit}) => ratio > limit)) {
		process.exitCode = 1;
	}
} finally {
	await person.remove();
	await prepared?.stop();
}

async function benchLs(): Promise<Row[]> {
	const boxes = await makeBoxes(host, 20);
	const {ours, reference, ratio} = await compare(
		15,
		() => timed(() => expectSuccess(person.runGpubox(['ls']))),
		() => timed(() => expectSuccess(person.run(host.program.node, [join(root, 'bench/references/ls.mjs')]))),
	);
	await boxes.remove();
	return [{what: 'gpubox ls, 20 boxes / bare Node', ours: ms(ours), reference: ms(reference), ratio, limit: 1.6}];
}

/** The reference asks the engine and the driver for the same: how long these take to answer is no merit of gpubox. */
async function benchImages(): Promise<Row[]> {
	const smi = await quickNvidiaSmi();
	const env = {PATH: `${smi.directory}:/usr/bin:/bin`};
	const {ours, reference, ratio} = await compare(
		15,
		() => timed(() => expectSuccess(person.runGpubox(['images', '--json'], {env}))),
		() => timed(() => expectSuccess(person.run(host.program.node, [join(root, 'bench/references/images.mjs')], {env}))),
	);
	return [{what: 'gpubox images --json / bare Node', ours: ms(ours), reference: ms(reference), ratio, limit: 1.6}];
}

/** Two cards whose answers are ready: a stand-in on Node would itself take as long as all of gpubox. */
async function quickNvidiaSmi(): Promise<{directory: string}> {
	const directory = await mkdtemp(join(host.folder, 'smi-'));
	const smi = join(host.own?.hostPath ?? (await eightGpus()).directory, 'nvidia-smi');
	const query = queryArguments(staticFields);
	const rows = await expectSuccess(person.run(smi, query));
	const banner = await expectSuccess(person.run(smi, []));
	await writeFile(join(directory, 'rows'), rows.stdout, {mode: 0o644});
	await writeFile(join(directory, 'banner'), banner.stdout, {mode: 0o644});
	const script = `#!/bin/sh\nif [ $# = 0 ]; then cat '${directory}/banner'; else cat '${directory}/rows'; fi\n`;
	await writeFile(join(directory, 'nvidia-smi'), script, {mode: 0o755});
	await chmod(directory, 0o755);
	return {directory};
}

async function benchFirstFrame(): Promise<Row[]> {
	const folder = await mkdtemp(join(host.folder, 'hello-'));
	await chmod(folder, 0o755);
	await bundleHello(join(folder, 'hello.mjs'));
	const smi = await eightGpus();
	const {ours, reference, ratio} = await compare(
		11,
		() => timeToText([host.program.node, host.program.cli], /\d+°C/, smi.directory),
		() => timeToText([host.program.node, join(folder, 'hello.mjs')], /hello from ink/, smi.directory),
	);
	await rm(folder, {recursive: true});
	return [
		{what: 'first frame with live GPUs / Ink hello', ours: ms(ours), reference: ms(reference), ratio, limit: 1.6},
	];
}

/** Until the text is on the screen of a terminal. */
async function timeToText(program: string[], text: RegExp, smiFolder: string): Promise<number> {
	const environment = {PATH: `${smiFolder}:${person.environment.PATH ?? ''}`};
	const start = performance.now();
	const terminal = openTerminal(host, person, [], {program, env: environment});
	await terminal.waitFor(text);
	const time = performance.now() - start;
	terminal.kill('SIGTERM');
	await terminal.exited;
	return time;
}

async function bundleHello(file: string): Promise<void> {
	await build({
		cwd: root,
		input: 'bench/references/hello.tsx',
		platform: 'node',
		resolve: {alias: {'react-devtools-core': join(root, 'bench/references/nothing.mjs')}},
		transform: {target: 'node22', define: {'process.env.NODE_ENV': '"production"', 'process.env.DEV': '"false"'}},
		output: {file, format: 'esm', minify: true, codeSplitting: false},
		logLevel: 'warn',
	});
}

/** The same container by hand: `docker run` with what --dry-run prints, and waiting for Jupyter's API. */
async function benchUp(): Promise<Row[]> {
	const image = host.images.jupyter;
	const options = ['--image', image, '--gpus', 'none'];
	// Somebody else's box, as on any workstation: from it gpubox knows what this engine can do.
	const other = await makePerson(host, 'other');
	await expectSuccess(other.runGpubox(['up', '--no-wait', ...options]));
	await expectSuccess(person.runGpubox(['up', ...options]));
	const {stdout} = await expectSuccess(person.runGpubox(['ls', '--json']));
	const {boxes} = JSON.parse(stdout) as {
		boxes: Array<{name: string; project: string}>;
	};
	const box = boxes.find(({project}) => project === person.project);
	if (!box) {
		throw new Error('up made no box');
	}

	const remove = () => dockerOf(host).getContainer(`gpubox-${box.name}`).remove({force: true});
	const dryRun = await expectSuccess(person.runGpubox(['up', '--dry-run', ...options]));
	// What the box mounts of its own goes with it, so the one by hand gets a copy.
	const [folder = ''] = /\/[^\s,=:'"]+~[0-9a-f]+/.exec(dryRun.stdout) ?? [];
	const copy = join(person.home, 'by-hand');
	await expectSuccess(person.run('cp', ['-a', folder, copy]));
	await remove();
	// An engine without root's full rights, as in many CI machines, cannot raise these.
	const line = dryRun.stdout.replaceAll(folder, copy).replace(/^ {2}--ulimit .*\n/gm, '');
	// The box still has its own.
	const [, port = ''] = /--publish 127\.0\.0\.1:(\d+):/.exec(line) ?? [];
	const address = {host: '127.0.0.1', port: Number(port)};
	const base = jupyterBase(
		{addresses: {jupyter: address}, privatePath: true},
		await readFile(join(copy, 'token'), 'utf8'),
	);
	const result = await compare(
		7,
		async () => {
			const time = await timed(() => expectSuccess(person.runGpubox(['up', ...options])));
			await remove();
			return time;
		},
		async () => {
			const time = await timed(async () => {
				await expectSuccess(person.run('/bin/sh', ['-c', line]));
				await untilAnswers(new URL('api', base ?? ''));
			});
			await remove();
			return time;
		},
	);
	const [otherBox] = boxes.filter(({project}) => project === other.project);
	await expectSuccess(other.runGpubox(['rm', '--yes', otherBox?.name ?? '']));
	await other.remove();
	return [
		{
			what: 'gpubox up --jupyter, warm / docker run and waiting',
			ours: ms(result.ours),
			reference: ms(result.reference),
			ratio: result.ratio,
			limit: 1.15,
		},
	];
}

/** A command as a job, and as the `docker run` that --dry-run prints: one that does nothing, and one that prints a million lines. */
async function benchRun(): Promise<Row[]> {
	const options = ['--image', host.images.jupyter, '--gpus', 'none'];
	const run = (...words: string[]) => person.runGpubox(['run', ...options, '--', ...words]);
	await expectSuccess(run('true'));
	const {stdout: dryRun} = await expectSuccess(person.runGpubox(['run', '--dry-run', ...options, '--', 'true']));
	// The files that a run mounts go with it, so the one by hand gets a copy.
	const [planned = ''] = /\/[^\s,=:'"]+\/boxes\/[^/]+(?=\/files)/.exec(dryRun) ?? [];
	const {stdout} = await expectSuccess(person.runGpubox(['run', ...options, '--detach', '--', 'sleep', '30']));
	const name = stdout.trim();
	const mounted = (await readdir(dirname(planned))).find((folder) => folder.startsWith(`${name}~`)) ?? '';
	const copy = join(person.home, 'job-by-hand');
	await expectSuccess(person.run('cp', ['-a', join(dirname(planned), mounted), copy]));
	await expectSuccess(person.runGpubox(['rm', '--yes', name]));
	const line = dryRun.replaceAll(planned, copy).replace(/^ {2}--ulimit .*\n/gm, '');
	const byHand = (command: string) => person.run('/bin/sh', ['-c', line.replace(/\btrue\n$/, command)]);
	const nothing = await compare(
		9,
		() => timed(() => expectSuccess(run('true'))),
		() => timed(() => expectSuccess(byHand('true'))),
	);
	const ours = [host.program.node, host.program.cli, 'run', ...options, '--', 'seq', '1000000'];
	const lines = await compare(
		5,
		() => streamingTime(ours.join(' ')),
		() => streamingTime(line.replace(/\btrue\n$/, 'seq 1000000')),
	);
	const whole = await compare(
		3,
		() => timed(() => expectSuccess(run('seq', '1000000'))),
		() => timed(() => expectSuccess(byHand('seq 1000000'))),
	);
	return [
		{
			what: 'gpubox run -- true, warm / docker run --rm',
			ours: ms(nothing.ours),
			reference: ms(nothing.reference),
			ratio: nothing.ratio,
			limit: 1.15,
		},
		{
			what: 'its output, first to last of 1 M lines / docker run',
			ours: ms(lines.ours),
			reference: ms(lines.reference),
			ratio: lines.ratio,
			limit: 1,
		},
		{
			what: 'gpubox run -- seq 1000000, start to end / docker run --rm',
			ours: ms(whole.ours),
			reference: ms(whole.reference),
			ratio: whole.ratio,
			limit: 1.15,
		},
	];
}

/** From the first byte of what a command prints into a pipe to the last, in milliseconds. */
async function streamingTime(command: string): Promise<number> {
	const pipeline = `${command.trimEnd()} | '${host.program.node}' '${join(root, 'bench/references/first-to-last.mjs')}'`;
	const {stdout} = await expectSuccess(person.run('/bin/sh', ['-c', pipeline]));
	const {milliseconds, bytes} = JSON.parse(stdout) as {milliseconds: number; bytes: number};
	if (bytes !== bytesOfMillion) {
		throw new Error(`${bytes} of ${bytesOfMillion} bytes arrived`);
	}

	return milliseconds;
}

async function untilAnswers(url: URL): Promise<void> {
	for (;;) {
		try {
			const response = await fetch(url);
			if (response.ok) {
				return;
			}
		} catch {
			// It does not listen yet.
		}

		await sleep(20);
	}
}

/** The session at rest: 8 GPUs once a second, 20 boxes, for 30 seconds. */
async function benchSteadyState(): Promise<Row[]> {
	const boxes = await makeBoxes(host, 20);
	const smi = await eightGpus();
	const terminal = openTerminal(host, person, [], {
		env: {PATH: `${smi.directory}:${person.environment.PATH ?? ''}`},
	});
	await terminal.waitFor(/of 20/);
	await sleep(5000);
	const before = cpuSeconds(terminal.pid);
	const seconds = 30;
	await sleep(seconds * 1000);
	const percent = ((cpuSeconds(terminal.pid) - before) / seconds) * 100;
	const mebibytes = proportionalMiB(terminal.pid);
	terminal.kill('SIGTERM');
	await terminal.exited;
	await boxes.remove();
	return [
		{what: 'session at rest: % of one core', ours: percent.toFixed(1), reference: '1', ratio: percent, limit: 3},
		{what: 'session at rest: MiB (PSS)', ours: mebibytes.toFixed(0), reference: '1', ratio: mebibytes, limit: 110},
	];
}

function cpuSeconds(pid: number): number {
	// Fields 14 and 15 after the name in parentheses, in ticks of 1/100 s: proc(5).
	const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
		.replace(/^.*\) /, '')
		.split(' ');
	return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** What it has for itself, and its part of what it shares (PSS): Node's own code is shared by all that run it. */
function proportionalMiB(pid: number): number {
	const [, kibibytes] = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')) ?? [];
	return Number(kibibytes) / 1024;
}

/** Containers that look like boxes of twenty projects. */
async function makeBoxes({images}: TestHost, count: number): Promise<{remove(): Promise<void>}> {
	const docker = dockerOf(host);
	const made: Dockerode.Container[] = [];
	for (let index = 0; index < count; index++) {
		const name = `bench-${index}`;
		const container = await docker.createContainer({
			Image: images.bare,
			name: `gpubox-${name}`,
			Cmd: ['sleep', 'infinity'],
			HostConfig: {Init: true},
			Labels: {
				'gpubox.name': name,
				'gpubox.owner': `owner${index % 4}`,
				'gpubox.project': `/projects/${index}`,
				'gpubox.services': 'jupyter',
				'gpubox.gpus': '',
				'gpubox.image': images.bare,
			},
		});
		await container.start();
		made.push(container);
	}

	return {
		async remove() {
			for (const container of made) {
				await container.remove({force: true});
			}
		},
	};
}

/** The built stand-in for nvidia-smi with eight cards, as the first folder of a PATH. */
async function eightGpus(): Promise<{directory: string}> {
	const directory = await mkdtemp(join(host.folder, 'smi-'));
	const standIn = join(dirname(host.program.cli), 'demo/nvidia-smi.js');
	const scenario = join(dirname(host.program.cli), '../templates/scenarios/workstation-8x-h100.json');
	const line = `exec '${host.program.node}' '${standIn}' --scenario '${scenario}' "$@"`;
	await writeFile(join(directory, 'nvidia-smi'), `#!/bin/sh\n${line}\n`, {mode: 0o755});
	await chmod(directory, 0o755);
	return {directory};
}

async function expectSuccess(result: ReturnType<Person['run']>): ReturnType<Person['run']> {
	const settled = await result;
	if (settled.code !== 0) {
		throw new Error(`exit code ${settled.code}: ${settled.stderr}`);
	}

	return settled;
}

function ms(time: number): string {
	return `${time.toFixed(0)} ms`;
}
