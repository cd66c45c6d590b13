/**
A recording as the simulated nvidia-smi reads it, which is a process of its own at each question: two files in the temporary folder of the
demo host, so that a list of processes need not read all readings.
*/
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {throttleField} from '../../gpu/fields.ts';
import {type Figures, type Metric, metrics} from '../../gpu/history/metrics.ts';
import type {Recording} from '../../gpu/history/recording.ts';
import type {Replay, ReplayedProcess} from '../scenario.ts';
import {fields} from '../smi-fields.ts';

/** Names the folder for the simulated nvidia-smi. */
export const replayVariable = 'GPUBOX_SCENARIO_REPLAY';

/** Seconds from the start of the recording, how many the figures stand for, and the figures. */
type Reading = [from: number, length: number, ...figures: Array<number | null>];
type Readings = {[uuid: string]: Reading[]};
/** What the driver prints where it does not know. */
const unknown = '[N/A]';

type Processes = {seconds: number; list: Array<ReplayedProcess & {from: number; to: number}>};

const secondsAfter = (startMs: number, ms: number) => (ms - startMs) / 1000;

/** @returns the folder */
export function writeReplay(folder: string, {readings, spans, fromMs, toMs}: Recording): string {
	mkdirSync(folder, {mode: 0o700});
	const byCard: Readings = Object.fromEntries(
		[...readings].map(([uuid, of]) => [
			uuid,
			of.map(({atMs, lengthMs, figures}): Reading => [secondsAfter(fromMs, atMs), lengthMs / 1000, ...figures]),
		]),
	);
	const processes: Processes = {
		seconds: secondsAfter(fromMs, toMs),
		list: spans.map(({uuid, pid, name, usedMemoryMiB, fromMs: from, toMs: to}) => ({
			...{uuid, pid, name: name ?? unknown, usedMemoryMiB},
			from: secondsAfter(fromMs, from),
			to: secondsAfter(fromMs, to),
		})),
	};
	writeFileSync(join(folder, 'readings.json'), JSON.stringify(byCard));
	writeFileSync(join(folder, 'processes.json'), JSON.stringify(processes));
	return folder;
}

/** Readings come a little more or less than a second apart, lists of processes five. */
const slackSeconds = {readings: 2, processes: 6};

/** After its end the last moment stays. */
export function openReplay(folder: string): Replay {
	const load = <T>(file: string): T => JSON.parse(readFileSync(join(folder, file), 'utf8')) as T;
	let readings: Readings | undefined;
	const processes = load<Processes>('processes.json');
	const momentAt = (seconds: number) => Math.min(seconds, processes.seconds - 0.001);
	return {
		cells(uuid, seconds) {
			readings ??= load<Readings>('readings.json');
			return cellsOf(figuresAt(readings[uuid] ?? [], momentAt(seconds)));
		},
		processes(seconds) {
			const moment = momentAt(seconds);
			const slack = slackSeconds.processes;
			return processes.list.filter(({from, to}) => from - slack <= moment && moment <= to + slack);
		},
	};
}

function figuresAt(readings: readonly Reading[], seconds: number): Figures | undefined {
	let low = 0;
	let high = readings.length;
	while (low < high) {
		const middle = (low + high) >> 1;
		if ((readings[middle]?.[0] ?? 0) <= seconds) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}

	const [from = 0, length = 0, ...figures] = readings[low - 1] ?? [];
	return low > 0 && seconds <= from + length + slackSeconds.readings ? figures : undefined;
}

/** What a recording does not hold, and the scenario would make up. */
const recordedOnce =
	/^timestamp|index|count|uuid|name|bus_id|driver_version|compute_cap|memory\.total|mig\.|(enforced\.)?power\.limit/;
const notRecorded = [...fields.keys()].filter((field) => !recordedOnce.test(field));

const fieldsOf: Record<Metric, readonly string[]> = {
	utilization: ['utilization.gpu'],
	memoryUsedMiB: ['memory.used'],
	memoryUtilization: ['utilization.memory'],
	powerDraw: ['power.draw', 'power.draw.instant', 'power.draw.average'],
	temperature: ['temperature.gpu'],
	clockSm: ['clocks.current.sm'],
	throttleReasons: [throttleField],
};

function cellsOf(figures: Figures | undefined): Record<string, string> {
	const cells = Object.fromEntries(notRecorded.map((field) => [field, unknown]));
	for (const [place, metric] of metrics.entries()) {
		const figure = figures?.[place] ?? null;
		for (const field of fieldsOf[metric]) {
			cells[field] =
				figure === null
					? unknown
					: metric === 'throttleReasons'
						? `0x${Math.trunc(figure).toString(16).padStart(16, '0')}`
						: String(figure);
		}
	}

	return cells;
}
