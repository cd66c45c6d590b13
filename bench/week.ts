/**
A week of an open session in a few minutes: its clock is put forward by a minute at a time, and each time it gets a reading of all GPUs, while processes
and containers come and go. Prints the live heap at the end of each day, in bytes, as JSON. `node --expose-gc --import=tsx bench/week.ts`
*/
import {mock} from 'node:test';
import {setImmediate as nextTurn} from 'node:timers/promises';
import type {NamedProcess} from '../source/box/gpus/process-names.ts';
import {longestMs} from '../source/gpu/history/metrics.ts';
import {readInventory} from '../source/gpu/inventory.ts';
import {createSession} from '../source/session/session.ts';
import {withFacts} from '../source/session/state/store.ts';
import {frozenAt, makeFeed, makeFrozenHost, scenarioFrames} from '../test/_helpers/demo.ts';
import {noUseCases} from '../test/_helpers/session.tsx';

const stepMs = 60_000;
const dayMs = 86_400_000;
const days = 7;
const start = frozenAt.getTime();

const host = await makeFrozenHost();
const inventory = await readInventory(host.nvidiaSmi);
const frames = scenarioFrames(
	'workstation-8x-h100',
	Array.from({length: 240}, (_, second) => second),
);
const listed = await host.engine.listContainers();

mock.timers.enable({apis: ['Date', 'setTimeout', 'setInterval'], now: start});
performance.now = () => Date.now() - start;

/** Every ten minutes one of them is another one, with the GPU of the one before. */
async function listContainers() {
	const [first] = listed;
	const count = Math.floor((Date.now() - start) / 600_000);
	return first === undefined
		? []
		: [
				...listed,
				...Array.from({length: 20}, (_, place) => {
					const number = count - place;
					const id = (number + 1000).toString(16).padStart(64, '0');
					return {
						...first,
						id,
						name: `gpubox-week-${number}`,
						labels: {...first.labels, 'gpubox.name': `week-${number}`},
					};
				}),
			];
}

const feed = makeFeed();
feed.tell({kind: 'inventory', inventory});
const session = createSession(
	{...host, engine: {...host.engine, listContainers}, nvidiaSmi: {...host.nvidiaSmi, file: '/bin/true', arguments: []}},
	feed,
	{
		folder: '/home/dora/thesis',
		useCases: noUseCases,
		readHost: host.readHost,
		now: () => new Date(),
	},
);
session.connectTerminal({
	exit() {},
	suspend() {
		throw new Error('No shell is opened here.');
	},
	write() {},
});

function runProcesses(minute: number): void {
	const processes: NamedProcess[] = inventory.gpus.map(({uuid}, place) => ({
		gpuUuid: uuid,
		pid: minute * 8 + place,
		name: `/usr/bin/python${minute}`,
		usedMemoryMiB: 1000,
		user: 'dora',
		box: null,
		container: null,
	}));
	session.past.processes.add(processes, Date.now(), longestMs);
	session.store.changeLazily(withFacts(({gpu}) => ({gpu: {...gpu, processes, processesUnknown: false}})));
}

const heaps: number[] = [];
for (let step = 1; step <= (days * dayMs) / stepMs; step++) {
	const frame = frames[step % frames.length];
	if (frame !== undefined) {
		feed.tell({kind: 'frame', frame: {...frame, at: Date.now()}});
	}

	runProcesses(step);
	mock.timers.tick(stepMs);
	await nextTurn();
	if ((step * stepMs) % dayMs === 0) {
		globalThis.gc?.();
		await nextTurn();
		globalThis.gc?.();
		heaps.push(process.memoryUsage().heapUsed);
	}
}

process.stdout.write(`${JSON.stringify(heaps)}\n`);
process.exit(0);
