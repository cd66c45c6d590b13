/** Figures of the command line: verbs that list, against the least that Node can do; those that start containers, against docker's own command. */
import {readdir, readFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {jupyterBase} from '../source/box/jupyter/server.ts';
import {dockerOf, makePerson} from '../test/_helpers/test-host/index.ts';
import {type Figure, ratioFigure} from './figure.ts';
import {inPairs, timed} from './measure.ts';
import {cli, expectSuccess, makeDesk, root, type Workstation, type Workstations} from './surroundings.ts';

/** Of `seq 1000000`. */
const bytesOfMillion = 6_888_896;

const node = process.execPath;

/** The reference asks the engine and the driver for the same: how long these take to answer is no merit of gpubox. */
const lists = [
	{words: ['ls'], script: 'ls.mjs', reference: 'bare Node script', limit: 1.2},
	{words: ['images', '--json'], script: 'images.mjs', reference: 'bare Node script and nvidia-smi', limit: 1.4},
	{words: ['gpus'], script: 'gpus.mjs', reference: 'bare Node script and nvidia-smi', limit: 1.5},
];

/** 20 boxes, 8 GPUs. */
export async function measureLists(): Promise<Figure[]> {
	const desk = await makeDesk(20);
	try {
		const figures: Figure[] = [];
		for (const {words, script, reference, limit} of lists) {
			const pairs = await inPairs(
				25,
				() => desk.time([node, cli, ...words]),
				() => desk.time([node, join(root, 'bench/references', script)]),
			);
			figures.push(ratioFigure({name: `\`gpubox ${words.join(' ')}\``, reference, unit: 'ms', limit}, pairs));
		}

		return figures;
	} finally {
		await desk.remove();
	}
}

/** The same container by hand: `docker run` with what --dry-run prints, and waiting for Jupyter's API. */
export async function measureUp(workstations: Workstations): Promise<Figure[]> {
	const {host, person} = await workstations.get();
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
	const pairs = await inPairs(
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
	const described = {
		name: '`gpubox up --jupyter`, warm',
		reference: '`docker run` and waiting',
		unit: 'ms',
		limit: 1.15,
	} as const;
	return [ratioFigure(described, pairs)];
}

/** A command as a job, and as the `docker run` that --dry-run prints: one that does nothing, and one that prints a million lines. */
export async function measureRun(workstations: Workstations): Promise<Figure[]> {
	const workstation = await workstations.get();
	const {host, person} = workstation;
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
	const nothing = await inPairs(
		15,
		() => timed(() => expectSuccess(run('true'))),
		() => timed(() => expectSuccess(byHand('true'))),
	);
	const ours = [host.program.node, host.program.cli, 'run', ...options, '--', 'seq', '1000000'];
	// The engine's own time for a million lines varies more than the two differ.
	const lines = await inPairs(
		11,
		() => streamingTime(workstation, ours.join(' ')),
		() => streamingTime(workstation, line.replace(/\btrue\n$/, 'seq 1000000')),
	);
	const whole = await inPairs(
		3,
		() => timed(() => expectSuccess(run('seq', '1000000'))),
		() => timed(() => expectSuccess(byHand('seq 1000000'))),
	);
	return [
		ratioFigure(
			{name: '`gpubox run -- true`, warm', reference: '`docker run --rm`, same options', unit: 'ms', limit: 1.15},
			nothing,
		),
		ratioFigure(
			{name: 'its output: first to last of 1 M lines', reference: '`docker run`', unit: 'ms', limit: 1},
			lines,
		),
		ratioFigure(
			{name: '`gpubox run -- seq 1000000`', reference: '`docker run --rm`, same options', unit: 'ms', limit: 1.15},
			whole,
		),
	];
}

/** A million lines of a job that goes on, by gpubox and by docker's own command. */
export async function measureLogs(workstations: Workstations): Promise<Figure[]> {
	const workstation = await workstations.get();
	const {host, person} = workstation;
	const job = ['sh', '-c', 'seq 1000000; sleep 600'];
	const started = person.runGpubox(['run', '--image', host.images.jupyter, '--gpus', 'none', '--detach', '--', ...job]);
	const name = (await expectSuccess(started)).stdout.trim();
	const container = `gpubox-${name}`;
	const isPrinted = async () => {
		const {stdout} = await expectSuccess(person.run('docker', ['logs', '--tail', '1', container]));
		return stdout.trim() === '1000000';
	};
	while (!(await isPrinted())) {
		await sleep(500);
	}

	const pairs = await inPairs(
		5,
		() => streamingTime(workstation, `'${host.program.node}' '${host.program.cli}' logs ${name}`),
		() => streamingTime(workstation, `docker logs ${container}`),
	);
	await expectSuccess(person.runGpubox(['rm', '--yes', name]));
	return [
		ratioFigure(
			{name: '`gpubox logs`: first to last of 1 M lines', reference: '`docker logs`', unit: 'ms', limit: 1},
			pairs,
		),
	];
}

/** From the first byte of what a command prints into a pipe to the last, in milliseconds. */
async function streamingTime({host, person}: Workstation, command: string): Promise<number> {
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
