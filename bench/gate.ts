/** What a session that is open all day may take: at rest, during a log at full speed, with few and with many GPUs and containers. */
import {execFile} from 'node:child_process';
import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {promisify} from 'node:util';
import {readLogOfOther, startInTerminal, type Terminal} from '../test/_helpers/test-host/index.ts';
import {type Figure, plainFigure, ratioFigure} from './figure.ts';
import {quantile, timed} from './measure.ts';
import {bundleReference, cpuSeconds, proportionalMiB} from './session.ts';
import {writeQuickSmi} from './stand-in/cards.ts';
import {cli, type Desk, makeDesk, root} from './surroundings.ts';

/** What the session is measured on. */
type Machine = {gpus: number; containers: number; lines?: 'full'};

type Opened = {terminal: Terminal; desk: Desk; close(): Promise<void>};

/** Compiled code is still being made of what runs once a second. */
const warmSeconds = 40;
const windows = 6;
const windowSeconds = 10;
const keyCount = 150;

const size = {columns: 160, rows: 50};

const run = promisify(execFile);

/** The gate's figures, on a stand-in engine: what gpubox itself takes. */
export async function measureGate(): Promise<Figure[]> {
	return [
		...(await measureAtRest()),
		...(await measureFlood()),
		...(await measureGrowth()),
		...(await measureWeek()),
		...(await measurePeers()),
	];
}

async function openSession({gpus, containers, lines}: Machine): Promise<Opened> {
	const desk = await makeDesk(containers, lines);
	const drivers = join(desk.home, 'gpus');
	writeQuickSmi(drivers, gpus);
	const env = {...desk.environment, PATH: `${drivers}:${desk.environment.PATH ?? ''}`, COLORTERM: 'truecolor'};
	const terminal = startInTerminal([process.execPath, cli], {...size, cwd: desk.home, env});
	await terminal.waitFor(/\d+°C/);
	await terminal.waitFor(/bench-0/);
	await showLog(terminal);
	return {
		terminal,
		desk,
		async close() {
			terminal.kill('SIGTERM');
			await terminal.exited;
			await desk.remove();
		},
	};
}

/** The boxes are other users': their logs are read after a yes. */
async function showLog(terminal: Terminal): Promise<void> {
	await focusOn(terminal, /─ ▸ Boxes/);
	await readLogOfOther(terminal);
	await terminal.waitFor(/ bench-0 [^\n]*following/);
}

/** Beside Ink's own least, so that both meet the same noise. */
async function measureAtRest(): Promise<Figure[]> {
	const session = await openSession({gpus: 8, containers: 100});
	const {terminal, desk} = session;
	const file = join(desk.home, 'tick.mjs');
	await bundleReference('tick.tsx', file);
	const tick = startInTerminal([process.execPath, file], {...size, cwd: desk.home, env: desk.environment});
	await tick.waitFor(/seconds/);
	await sleep(warmSeconds * 1000);
	const pids = [terminal.pid, tick.pid, desk.enginePid];
	const shares: number[][] = [];
	const memory: number[] = [];
	for (let window = 0; window < windows; window++) {
		const before = pids.map(cpuSeconds);
		await sleep(windowSeconds * 1000);
		shares.push(pids.map((pid, place) => ((cpuSeconds(pid) - (before[place] ?? 0)) / windowSeconds) * 100));
		memory.push(proportionalMiB(terminal.pid));
	}

	const keys = await timeKeys(session, 8);
	tick.kill('SIGTERM');
	await tick.exited;
	await session.close();
	const what = 'session at rest, 8 GPUs, 100 containers';
	return [
		ratioFigure(
			{name: `${what}: a processor`, reference: 'Ink redrawing one line a second', unit: '%'},
			shares.map(([ours = 0, reference = 0]) => ({ours, reference})),
		),
		plainFigure(
			{
				name: `${what}: a processor, with what the engine does for it`,
				unit: '%',
				limit: 1.5,
				note: 'on a busy machine the same work takes up to three times as long, as caches are filled again; read the ratio above it.',
			},
			shares.map(([ours = 0, , engine = 0]) => ours + engine),
		),
		plainFigure({name: `${what}: memory (PSS)`, unit: 'MiB', limit: 110}, memory),
		...keyFigures('at rest, 8 GPUs, 100 containers', keys, 30),
	];
}

/** How long each key took, and in turns with it one to a program that only echoes: what the terminal itself takes, and the machine. */
type KeyTimes = {ours: number[]; echo: number[]};

/** From the key to the screen that shows what it did: the next GPU is marked, and the one before again. */
async function timeKeys({terminal, desk}: Opened, gpus: number): Promise<KeyTimes> {
	const echo = startInTerminal([process.execPath, join(root, 'bench/references/echo.mjs')], {
		...size,
		cwd: desk.home,
		env: desk.environment,
	});
	await echo.waitFor(/^0 keys/);
	const marked = /▸\s{0,2}(\d+) H100/;
	const chosen = () => Number(marked.exec(terminal.screen())?.[1]);
	await focusOn(terminal, /─ ▸ \d+ GPUs/);
	while (chosen() !== 0) {
		terminal.write('k');
		await sleep(200);
	}

	const times: KeyTimes = {ours: [], echo: []};
	for (let key = 0; key < keyCount; key++) {
		const before = chosen();
		const down = Math.floor(key / (gpus - 1)) % 2 === 0;
		times.ours.push(
			await timed(() => {
				terminal.write(down ? 'j' : 'k');
				return terminal.waitFor(() => chosen() !== before);
			}),
		);
		// No one types in step with the readings.
		const pause = 40 + ((key * 37) % 60);
		await sleep(pause / 2);
		times.echo.push(
			await timed(() => {
				echo.write('j');
				return echo.waitFor(new RegExp(`^${key + 1} keys`));
			}),
		);
		await sleep(pause / 2);
	}

	echo.kill('SIGTERM');
	await echo.exited;
	return times;
}

async function focusOn(terminal: Terminal, title: RegExp): Promise<void> {
	while (!title.test(terminal.screen())) {
		terminal.write('\t');
		await sleep(500);
	}
}

function keyFigures(when: string, {ours, echo}: KeyTimes, limit: number): Figure[] {
	const name = `a key, ${when}`;
	return [
		plainFigure({name: `${name}: median`, unit: 'ms'}, ours),
		plainFigure({name: `${name}: 99th percentile of ${ours.length}`, unit: 'ms', limit}, [quantile(ours, 0.99)]),
		plainFigure({name: `${name}, to a program that only echoes: median`, unit: 'ms'}, echo),
		plainFigure({name: `${name}, to a program that only echoes: 99th percentile`, unit: 'ms'}, [quantile(echo, 0.99)]),
	];
}

/** A log as fast as it is read, 16 GPUs and 500 containers. */
async function measureFlood(): Promise<Figure[]> {
	const quiet = await openSession({gpus: 16, containers: 500});
	await sleep(warmSeconds * 500);
	const before = proportionalMiB(quiet.terminal.pid);
	await quiet.close();
	const session = await openSession({gpus: 16, containers: 500, lines: 'full'});
	const {terminal, desk} = session;
	await sleep(5000);
	const memory: number[] = [];
	const speeds: number[] = [];
	for (let window = 0; window < windows; window++) {
		const start = performance.now();
		const from = bytesWritten(desk.enginePid);
		await sleep(5000);
		speeds.push(((bytesWritten(desk.enginePid) - from) / bytesOfLine / (performance.now() - start)) * 1000);
		memory.push(proportionalMiB(terminal.pid));
	}

	const keys = await timeKeys(session, 16);
	// Another box's log, which is quiet.
	await focusOn(terminal, /─ ▸ Boxes/);
	terminal.write('j');
	await sleep(20_000);
	const after = proportionalMiB(terminal.pid);
	const references = await timeDockerLogs(desk, speeds.length);
	await session.close();
	const what = 'a log at full speed, 16 GPUs, 500 containers';
	return [
		references === undefined
			? plainFigure(
					{name: `${what}: lines taken in`, unit: 'lines/s', note: 'docker is not installed on this machine.'},
					speeds,
				)
			: ratioFigure(
					{
						name: `${what}: lines taken in`,
						reference: '`docker logs` into a pipe',
						unit: 'lines/s',
						atLeast: 1.2,
						note: 'the reference is measured after it, not in turns: both at once would share the processors.',
					},
					speeds.map((ours, place) => ({ours, reference: references[place] ?? Number.NaN})),
				),
		plainFigure({name: `${what}: memory before it (PSS)`, unit: 'MiB', limit: 110}, [before]),
		plainFigure({name: `${what}: memory during it`, unit: 'MiB', limit: 110}, memory),
		plainFigure({name: `${what}: memory after it`, unit: 'MiB', limit: 110}, [after]),
		...keyFigures(`with ${what}`, keys, 50),
	];
}

/** Lines a second that docker's own command prints of the same log. Undefined where it is not installed. */
async function timeDockerLogs(desk: Desk, times: number): Promise<number[] | undefined> {
	if (findProgram('docker') === undefined) {
		return undefined;
	}

	const lines = 1_000_000;
	const env = {...desk.environment, PATH: process.env.PATH ?? ''};
	const {stdout} = await run('docker', ['ps', '--all', '--quiet', '--no-trunc'], {env});
	const [id = ''] = stdout.split('\n');
	const script = `docker logs --timestamps --follow ${id} | head -n ${lines} > /dev/null`;
	const speeds: number[] = [];
	for (let time = 0; time < times; time++) {
		speeds.push(lines / ((await timed(() => run('/bin/sh', ['-c', script], {env}))) / 1000));
	}

	return speeds;
}

/** A line of the stand-in engine's log with its timestamp and the engine's frame around it. */
const bytesOfLine = 97;

function bytesWritten(pid: number): number {
	return Number(/^wchar: (\d+)/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1]);
}

/** All at the same time, so that they meet the same noise. */
async function measureGrowth(): Promise<Figure[]> {
	const machines: Machine[] = [
		{gpus: 8, containers: 10},
		{gpus: 8, containers: 500},
		{gpus: 1, containers: 100},
		{gpus: 16, containers: 100},
	];
	const sessions: Opened[] = [];
	for (const machine of machines) {
		sessions.push(await openSession(machine));
	}

	await sleep(warmSeconds * 1000);
	const pids = sessions.map(({terminal}) => terminal.pid);
	const shares: number[][] = [];
	for (let window = 0; window < windows; window++) {
		const before = pids.map(cpuSeconds);
		await sleep(windowSeconds * 1000);
		shares.push(pids.map((pid, place) => ((cpuSeconds(pid) - (before[place] ?? 0)) / windowSeconds) * 100));
	}

	const memory = pids.map(proportionalMiB);
	for (const session of sessions) {
		await session.close();
	}

	const pairs = (ours: number, reference: number) =>
		shares.map((window) => ({ours: window[ours] ?? Number.NaN, reference: window[reference] ?? Number.NaN}));
	return [
		ratioFigure(
			{name: 'session at rest, 8 GPUs, 500 containers: a processor', reference: 'with 10 containers', unit: '%'},
			pairs(1, 0),
		),
		ratioFigure(
			{name: 'session at rest, 16 GPUs, 100 containers: a processor', reference: 'with 1 GPU', unit: '%'},
			pairs(3, 2),
		),
		...machines.map(({gpus, containers}, place) =>
			plainFigure(
				{
					name: `session at rest, ${gpus} GPU${gpus === 1 ? '' : 's'}, ${containers} containers: memory (PSS)`,
					unit: 'MiB',
					limit: 110,
				},
				[memory[place] ?? Number.NaN],
			),
		),
	];
}

/** The live heap at the end of each later day beside that of the first, after which all that is kept for a day is there. */
async function measureWeek(): Promise<Figure[]> {
	const words = ['--expose-gc', '--import=tsx', join(root, 'bench/week.ts')];
	const {stdout} = await run(process.execPath, words, {cwd: root});
	const [first = Number.NaN, ...later] = (JSON.parse(stdout) as number[]).map((bytes) => bytes / 2 ** 20);
	return [
		ratioFigure(
			{
				name: 'session in a simulated week: live heap after each day',
				reference: 'after the first',
				unit: 'MiB',
				limit: 1.05,
			},
			later.map((ours) => ({ours, reference: first})),
		),
	];
}

/** Programs that people leave open in its place. Those that need the engine get the stand-in's, with as many containers. */
const peers = [
	{name: 'docker stats', words: ['docker', 'stats']},
	{name: 'lazydocker', words: ['lazydocker']},
	{name: 'btop', words: ['btop']},
	{name: 'nvtop', words: ['nvtop']},
	{name: 'nvitop', words: ['nvitop']},
];

async function measurePeers(): Promise<Figure[]> {
	const figures: Figure[] = [];
	for (const {name, words} of peers) {
		const described = {name: `${name} at rest: a processor`, unit: '%'} as const;
		const file = findProgram(words[0] ?? '');
		if (file === undefined) {
			figures.push({
				...plainFigure({...described, note: 'not installed on this machine.'}, []),
				quartiles: [0, 0],
				median: 0,
			});
			continue;
		}

		const desk = await makeDesk(100);
		const env = {...desk.environment, PATH: process.env.PATH ?? ''};
		const terminal = startInTerminal([file, ...words.slice(1)], {...size, cwd: desk.home, env});
		await sleep(5000);
		const shares: number[] = [];
		for (let window = 0; window < 3 && isAlive(terminal.pid); window++) {
			const before = cpuSeconds(terminal.pid) + cpuSeconds(desk.enginePid);
			await sleep(windowSeconds * 1000);
			shares.push(((cpuSeconds(terminal.pid) + cpuSeconds(desk.enginePid) - before) / windowSeconds) * 100);
		}

		terminal.kill('SIGTERM');
		await desk.remove();
		const note =
			shares.length < 3
				? 'it ended by itself: it lacks something on this machine.'
				: 'with what the stand-in engine does for it.';
		figures.push(
			shares.length < 3
				? {...plainFigure({...described, note}, []), quartiles: [0, 0], median: 0}
				: plainFigure({...described, note}, shares),
		);
	}

	return figures;
}

function findProgram(name: string): string | undefined {
	return (process.env.PATH ?? '')
		.split(':')
		.map((folder) => join(folder, name))
		.find((file) => {
			try {
				return readFileSync(file).length > 0;
			} catch {
				return false;
			}
		});
}

function isAlive(pid: number): boolean {
	try {
		return readdirSync(`/proc/${pid}/task`).length > 0;
	} catch {
		return false;
	}
}
