import {execFile} from 'node:child_process';
import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {readOwnFile} from '../base/bundled-file.ts';
import {containerPrefix, label} from '../box/box.ts';
import {joinQueue} from '../box/gpus/queue-records.ts';
import {writeRecord} from '../box/record.ts';
import type {NvidiaSmi} from '../gpu/gpu.ts';
import type {Recording} from '../gpu/history/recording.ts';
import type {Host} from '../host/host.ts';
import {createDemoEngine, type DemoEngine} from './engine.ts';
import {happeningsVariable, writeHappening} from './event-log.ts';
import {makeUpAnswers} from './jupyter.ts';
import {fillPast} from './past.ts';
import {readScenario} from './read-scenario.ts';
import {readReplay} from './replay/read-replay.ts';
import {createReplayClock} from './replay/replay-clock.ts';
import {replayVariable, writeReplay} from './replay/replay-files.ts';
import {endRun, recordRun} from './runs.ts';
import type {Scenario, ScenarioEvent} from './scenario.ts';
import {seedBoxes, seedContainers} from './seed-boxes.ts';
import type {Answer} from './shell.ts';
import {visibleVariable} from './state-at.ts';

export type DemoHost = Host &
	AsyncDisposable & {
		engine: DemoEngine;
		/** What there is beside it, for the hosts screen. */
		otherHosts: Scenario['hosts'];
		/** Fills a history with what the simulated machine did before. */
		fillPast: (history: Parameters<typeof fillPast>[1], signal: AbortSignal) => Promise<void>;
		/** Whose a process on its GPUs is, by the labels of its box; of one outside of boxes the user is unknown. */
		findProcess(pid: number): {kind: 'own'; start: string; user: string} | {kind: 'foreign'; user: string | null};
		/** A card falls off the bus now, if it exists; processes on it end. */
		failCard(index: number): void;
		/** The load of the simulated machine; null where a recording does not hold it. */
		readHost: () => Promise<{hostname: string} & Record<HostFigure, number | null>>;
		/** Of a replay: what is replayed, and its clock. */
		replay?: {fromMs: number; toMs: number; clock: () => Date};
	};

type HostFigure = 'cpuLoad' | 'cpuCount' | 'memoryUsedBytes' | 'memoryTotalBytes' | 'diskFreeBytes' | 'diskTotalBytes';

export type DemoHostOptions = {
	/** 1 (the default) takes about as long as a real host, 0 no time at all. */
	pace?: number;
	/** Whether logs continue and load changes automatically; true by default. */
	alive?: boolean;
	now?: () => Date;
};

/**
A simulated workstation, from a scenario: GPUs, an engine in this process, the boxes of its users. What gpubox
writes goes into a temporary folder that is removed with it; nothing real is touched.

@param scenarioFile the machine and the events on it
@throws Failure (usage) when the file cannot be read or is not a scenario
*/
export async function makeDemoHost(scenarioFile: string, options: DemoHostOptions = {}): Promise<DemoHost> {
	// The content that was checked is played, even if the file changes.
	const scenario = readScenario(scenarioFile);
	return makeHost({scenario, text: readOwnFile(scenarioFile)}, options);
}

/**
The machine of a recording, with its readings in the place of a scenario's.
@throws Failure (usage) for a file that is none
*/
export async function makeReplayHost(file: string): Promise<DemoHost> {
	const {recording, machine} = readReplay(file);
	const {fromMs, toMs, spans} = recording;
	const clock = createReplayClock(recording);
	const host = await makeHost(machine, {now: clock}, recording);
	const hostname = recording.machine?.host ?? '';
	return {
		...host,
		replay: {fromMs, toMs, clock},
		// What was before its start is not recorded.
		fillPast: async () => {},
		readHost: async () => ({hostname, ...noFigures}),
		findOwner({pid, gpuUuid}) {
			const {user = null, box = null} = spans.findLast((span) => span.pid === pid && span.uuid === gpuUuid) ?? {};
			return {user, box};
		},
		findProcess: (pid) => ({kind: 'foreign', user: spans.findLast((span) => span.pid === pid)?.user ?? null}),
	};
}

const noFigures: Record<HostFigure, null> = {
	cpuLoad: null,
	cpuCount: null,
	memoryUsedBytes: null,
	memoryTotalBytes: null,
	diskFreeBytes: null,
	diskTotalBytes: null,
};

/** @param text the scenario as the simulated nvidia-smi reads it */
async function makeHost(
	{scenario, text}: {scenario: Scenario; text: string},
	options: DemoHostOptions,
	recording?: Recording,
): Promise<DemoHost> {
	const {pace = 1, alive = true, now = () => new Date()} = options;
	const root = mkdtempSync(join(tmpdir(), 'gpubox-demo-'));
	const paths = pathsIn(root);
	const folderName = (name: string) => `${name}~demo`;
	const folder = (name: string) => join(paths.state, folderName(name));
	const person = {name: scenario.person, uid: process.getuid?.() ?? 1000, gid: process.getgid?.() ?? 1000};
	const boxes = seedBoxes(scenario, folder, person.uid);
	for (const {spec} of boxes) {
		const name = spec.labels['gpubox.name'] ?? '';
		if (spec.labels['gpubox.owner'] === person.name) {
			mkdirSync(folder(name), {recursive: true, mode: 0o700});
			writeFileSync(join(folder(name), 'token'), 'simulated-token-that-opens-nothing', {mode: 0o600});
		}
	}

	const epoch = Date.now();
	const happenings = join(root, 'happenings');
	const happen = (event: ScenarioEvent) => writeHappening(happenings, event);
	const secondsNow = () => (Date.now() - epoch) / 1000;
	const played = join(root, 'scenario.json');
	writeFileSync(played, text);
	const nvidiaSmi = standIn(played, {
		// Several processes simulate the same machine: its time starts here.
		GPUBOX_SCENARIO_EPOCH: String(epoch),
		[happeningsVariable]: happenings,
		...(recording === undefined ? {} : {[replayVariable]: writeReplay(join(root, 'replay'), recording)}),
	});
	const engine = createDemoEngine({
		boxes: [...boxes, ...seedContainers(scenario)],
		images: scenario.images,
		gpuCount: scenario.gpus.length,
		pace,
		alive,
		now,
		nvidiaSmi: (uuids) => runStandIn(nvidiaSmi, uuids),
		onJobEnd: (name, exitCode) => endRun(paths, name, {exitCode, at: now()}),
		onEnd(pids) {
			for (const pid of pids) {
				happen({kind: 'end', pid, afterSeconds: secondsNow()});
			}
		},
	});
	await writeRecords(engine, paths, person.name, folderName);
	for (const {spec, age} of boxes.filter(({spec: {labels}}) => labels[label.kind] === 'run')) {
		if (spec.labels[label.owner] === person.name) {
			recordRun(paths, spec, {engine: engine.address, startedAt: new Date(now().getTime() - age * 3_600_000)});
		}
	}

	const loseCard = (index: number) => {
		const uuid = scenario.gpus.find((gpu) => gpu.index === index)?.uuid;
		if (uuid !== undefined) {
			engine.loseCard(uuid);
		}
	};

	for (const {user, name, gpus: count, sinceMinutes, behind} of alive ? scenario.queue : []) {
		const place = {engine, person: {...person, name: user}, paths, demo: true};
		joinQueue(place, {name, count, share: false}, new Date(now().getTime() - sinceMinutes * 60_000))?.update(behind);
	}

	const timers = alive ? playEvents(scenario, engine, loseCard) : [];

	let readings = 0;
	return {
		engine,
		nvidiaSmi,
		person,
		paths,
		askHttp: makeUpAnswers(engine, scenario.boxes, pace),
		demo: true,
		otherHosts: scenario.hosts,
		fillPast: (history, signal) => fillPast(scenario, history, {nowMs: epoch, signal}),
		findProcess(pid) {
			const owner = engine.labelsAround(pid)?.[label.owner];
			return owner === person.name
				? {kind: 'own', start: 'simulated', user: owner}
				: {kind: 'foreign', user: owner ?? null};
		},
		failCard(gpu) {
			happen({kind: 'lost', gpu, afterSeconds: secondsNow()});
			loseCard(gpu);
		},
		async readHost() {
			readings += alive ? 1 : 0;
			return readingOf(scenario, readings);
		},
		async [Symbol.asyncDispose]() {
			for (const timer of timers) {
				clearTimeout(timer);
			}

			engine[Symbol.dispose]();
			rmSync(root, {recursive: true, force: true});
		},
	};
}

function pathsIn(root: string): Host['paths'] {
	return {
		config: join(root, 'config'),
		state: join(root, 'state'),
		home: join(root, 'home'),
		cache: join(root, 'cache'),
		ssh: join(root, 'ssh'),
		secrets: join(root, 'secrets'),
		queue: root,
	};
}

/** What nvidia-smi prints in a box that sees these cards only. */
function runStandIn({file, arguments: given, environment}: NvidiaSmi, uuids: readonly string[]): Promise<Answer> {
	const {promise, resolve} = Promise.withResolvers<Answer>();
	const env = {...environment, [visibleVariable]: uuids.join()};
	// It exits with an error where a card is lost, and still prints the others.
	const child = execFile(file, given, {env}, (error, stdout) => {
		resolve({output: stdout, exitCode: child.exitCode ?? (error === null ? 0 : 1)});
	});
	return promise;
}

/** @param reading its number, from which the load is made */
function readingOf({host}: Scenario, reading: number): Awaited<ReturnType<DemoHost['readHost']>> {
	const gibibyte = 1024 ** 3;
	return {
		hostname: host.name,
		cpuLoad: 31 + 6 * Math.sin(reading / 3),
		cpuCount: host.cpus,
		memoryUsedBytes: host.memoryGiB * (0.305 + 0.004 * Math.sin(reading / 5)) * gibibyte,
		memoryTotalBytes: host.memoryGiB * gibibyte,
		diskFreeBytes: host.diskFreeGiB * gibibyte,
		diskTotalBytes: host.diskGiB * gibibyte,
	};
}

/** The user's own boxes have records, as on a real host. */
async function writeRecords(
	engine: DemoEngine,
	paths: Host['paths'],
	person: string,
	folderName: (name: string) => string,
): Promise<void> {
	for (const {id, name, labels} of await engine.listContainers({labels: [label.owner]})) {
		if (labels[label.owner] === person) {
			writeRecord(paths, folderName(name.slice(containerPrefix.length)), {
				engine: engine.address,
				project: labels[label.project] ?? '',
				nonce: labels[label.nonce] ?? '',
				labels,
				container: id,
			});
		}
	}
}

/** What the scenario lets happen to programs: their card is gone, or they end. What happens to cards the simulated nvidia-smi plays. */
function playEvents({events}: Scenario, engine: DemoEngine, lose: (gpu: number) => void): NodeJS.Timeout[] {
	const play = (event: ScenarioEvent) => {
		if (event.kind === 'lost') {
			lose(event.gpu);
		} else if (event.kind === 'stop') {
			const {box, outOfMemory: oomKilled} = event;
			engine.endContainer(`${containerPrefix}${box}`, {exitCode: oomKilled ? 137 : event.exitCode, oomKilled});
		}
	};
	return events.map((event) => setTimeout(play, event.afterSeconds * 1000, event).unref());
}

function standIn(scenarioFile: string, environment: Record<string, string>): NvidiaSmi {
	// In a checkout it is TypeScript beside this, which Node runs as it is; in the bundle a program of its own below this.
	const place = import.meta.url.endsWith('.ts') ? 'nvidia-smi.ts' : '../demo/nvidia-smi.js';
	const file = fileURLToPath(new URL(place, import.meta.url));
	return {
		file: process.execPath,
		arguments: [file, '--scenario', scenarioFile],
		environment: {...process.env, ...environment},
	};
}
