/** Figures of the session. */
import {readFileSync} from 'node:fs';
import {chmod, mkdtemp, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {build} from 'rolldown';
import {openTerminal} from '../test/_helpers/test-host/index.ts';
import {type Figure, plainFigure, ratioFigure} from './figure.ts';
import {inPairs} from './measure.ts';
import {makeBoxes, makeDriver, root, type Workstation, type Workstations} from './surroundings.ts';

export async function measureFirstFrame(workstations: Workstations): Promise<Figure[]> {
	const workstation = await workstations.get();
	const {host} = workstation;
	const folder = await mkdtemp(join(host.folder, 'hello-'));
	await chmod(folder, 0o755);
	await bundleReference('hello.tsx', join(folder, 'hello.mjs'));
	const smi = await makeDriver(host);
	const pairs = await inPairs(
		11,
		() => timeToText(workstation, [host.program.node, host.program.cli], /\d+°C/, smi),
		() => timeToText(workstation, [host.program.node, join(folder, 'hello.mjs')], /hello from ink/, smi),
	);
	await rm(folder, {recursive: true});
	const boxes = await makeBoxes(host, 20);
	const withBoxes: Array<{ours: number; reference: number}> = [];
	for (let round = 0; round < pairs.length; round++) {
		withBoxes.push(await timeBoxesAndGpus(workstation, smi));
	}

	await boxes.remove();
	const described = {name: 'first frame with live GPUs', reference: "Ink's hello", unit: 'ms', limit: 1.3} as const;
	const boxesDescribed = {
		name: '20 boxes on the screen',
		reference: 'live GPUs on the same screen',
		unit: 'ms',
		limit: 1.3,
	} as const;
	return [ratioFigure(described, pairs), ratioFigure(boxesDescribed, withBoxes)];
}

/** Both on one screen, from the start of the session, in milliseconds. */
async function timeBoxesAndGpus({host, person}: Workstation, smi: string): Promise<{ours: number; reference: number}> {
	const start = performance.now();
	const terminal = openTerminal(host, person, [], {env: {PATH: `${smi}:${person.environment.PATH ?? ''}`}});
	const until = async (text: RegExp) => {
		await terminal.waitFor(text);
		return performance.now() - start;
	};
	const [ours, reference] = await Promise.all([until(/of 20/), until(/\d+°C/)]);
	terminal.kill('SIGTERM');
	await terminal.exited;
	return {ours, reference};
}

/** Until the text is on the screen of a terminal. */
async function timeToText(
	{host, person}: Workstation,
	program: string[],
	text: RegExp,
	smiFolder: string,
): Promise<number> {
	const environment = {PATH: `${smiFolder}:${person.environment.PATH ?? ''}`};
	const start = performance.now();
	const terminal = openTerminal(host, person, [], {program, env: environment});
	await terminal.waitFor(text);
	const time = performance.now() - start;
	terminal.kill('SIGTERM');
	await terminal.exited;
	return time;
}

/** One of `references/` in a single file, as gpubox is bundled. */
export async function bundleReference(name: string, file: string): Promise<void> {
	await build({
		cwd: root,
		input: `bench/references/${name}`,
		platform: 'node',
		resolve: {alias: {'react-devtools-core': join(root, 'bench/references/nothing.mjs')}},
		transform: {target: 'node22', define: {'process.env.NODE_ENV': '"production"', 'process.env.DEV': '"false"'}},
		output: {file, format: 'esm', minify: true, codeSplitting: false},
		logLevel: 'warn',
	});
}

/** The session at rest: 8 GPUs once a second, 20 boxes, for 30 seconds. */
export async function measureRest(workstations: Workstations): Promise<Figure[]> {
	const {host, person} = await workstations.get();
	const boxes = await makeBoxes(host, 20);
	const smi = await makeDriver(host);
	const terminal = openTerminal(host, person, [], {
		env: {PATH: `${smi}:${person.environment.PATH ?? ''}`},
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
		plainFigure({name: 'session at rest: a processor', unit: '%', limit: 3}, [percent]),
		plainFigure({name: 'session at rest: memory (PSS)', unit: 'MiB', limit: 110}, [mebibytes]),
	];
}

/** Of a process and its children that have ended. */
export function cpuSeconds(pid: number): number {
	// Fields 14 to 17, counted from the name in parentheses on, in ticks of 1/100 s: proc(5).
	const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
		.replace(/^.*\) /, '')
		.split(' ');
	return fields.slice(11, 15).reduce((ticks, field) => ticks + Number(field), 0) / 100;
}

/** What it has for itself, and its part of what it shares (PSS): Node's own code is shared by all that run it. */
export function proportionalMiB(pid: number): number {
	const [, kibibytes] = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')) ?? [];
	return Number(kibibytes) / 1024;
}
