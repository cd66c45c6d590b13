/** `gpubox record`: what the driver says of the GPUs and their processes, as it comes, into a file that `gpubox demo --replay` plays. */
import {hostname} from 'node:os';
import {setTimeout as pause} from 'node:timers/promises';
import {heed} from '../../base/abortable.ts';
import {exitCode, Failure} from '../../base/failure.ts';
import {longestTimerMs} from '../../base/longest-timer.ts';
import type {Box} from '../../box/box.ts';
import {createContainerFinder} from '../../box/gpus/process-containers.ts';
import {isClaim, type NamedProcess, nameProcesses} from '../../box/gpus/process-names.ts';
import {listBoxes} from '../../box/list.ts';
import {EngineError} from '../../engine/engine.ts';
import type {GpuInventory, GpuProblem} from '../../gpu/gpu.ts';
import type {HistoryRecord} from '../../gpu/history/format.ts';
import {longestMs} from '../../gpu/history/metrics.ts';
import {ProcessHistory} from '../../gpu/history/process-history.ts';
import {areKnown, type ProcessList, watchProcesses} from '../../gpu/processes.ts';
import {watchGpus} from '../../gpu/stream.ts';
import type {Host} from '../../host/host.ts';
import {createRecordingFile} from './recording-file.ts';

export type RecordOptions = {
	/** Milliseconds; until the signal aborts when missing. */
	lengthMs?: number | undefined;
	/** Replaces a file that is there. */
	force: boolean;
	/** What is wrong with the driver has changed. */
	onProblem: (problem: GpuProblem) => void;
	signal: AbortSignal;
};

/** What was written. Times in milliseconds since 1970. */
export type Recorded = {
	fromMs: number;
	toMs: number;
	gpus: number;
	/** Of all GPUs together. */
	readings: number;
	processes: number;
	bytes: number;
	/** Why it ended: the signal, the end of its time, or the file is as large as a recording may be. */
	end: 'interrupted' | 'done' | 'full';
};

/** How often it is written who has a process on a GPU, after the first time: what a kill would lose. Milliseconds. */
const processesEveryMs = 60_000;

/** How often the driver is asked for its processes. Milliseconds. */
const listEveryMs = 5000;

/** How long the engine may take to say whose processes they are. Milliseconds. */
const namingMs = 5000;

/**
Writes a line for each reading of each GPU until the signal aborts, the time is over or the file is as large as it may be. Who ran what
follows every minute and at the end. There is no file before the first reading.

@param path absolute
@throws Failure for a file that is there and is not to be replaced or cannot be written, and where no reading came
*/
export async function recordGpus(
	host: Host,
	inventory: GpuInventory,
	path: string,
	{lengthMs, force, onProblem, signal}: RecordOptions,
): Promise<Recorded> {
	const file = createRecordingFile(path, headOf(host, inventory), force);
	const processes = new ProcessHistory();
	const ending = new AbortController();
	const until = AbortSignal.any([signal, ending.signal]);
	let outcome: {end: Recorded['end']} | {error: unknown} | undefined;
	const finish = (ended: typeof outcome) => {
		outcome ??= ended;
		ending.abort();
	};
	const orFail = (work: () => void) => {
		try {
			work();
		} catch (error) {
			finish({error});
		}
	};

	let seen = new Set<string>();
	let writtenMs = 0;
	const writeProcesses = () => {
		if (file.readings === 0) {
			// A driver may list processes for days and read no GPU: the history forgets, the file could not.
			return;
		}

		// A list may have waited for the engine; what was written twice counts once.
		const spans = processes.since(writtenMs - namingMs - listEveryMs);
		writtenMs = Date.now();
		file.write(spans.map((span) => ({kind: 'process', span})));
		seen = new Set([...seen, ...spans.map(({uuid, pid, name, fromMs}) => JSON.stringify([uuid, pid, name, fromMs]))]);
	};

	const parts = [
		watchGpus(host.nvidiaSmi, {
			signal: until,
			gpuCount: inventory.gpus.length,
			onNews(news) {
				if (news.kind === 'problem') {
					if (news.problem) {
						onProblem(news.problem);
					}
				} else if (!until.aborted) {
					orFail(() => {
						const isFirst = file.readings === 0;
						if (!file.add(news.frame)) {
							finish({end: 'full'});
						} else if (isFirst) {
							writeProcesses();
						}
					});
				}
			},
		}),
		followProcesses(host, inventory, processes, {
			signal: until,
			onFirst: () => orFail(writeProcesses),
			onError: (error) => finish({error}),
		}),
		wait(lengthMs ?? Number.POSITIVE_INFINITY, until).then((over) => over && finish({end: 'done'})),
		(async () => {
			while (await wait(processesEveryMs, until)) {
				orFail(writeProcesses);
			}
		})(),
	];
	// All of them end before the file is closed.
	await Promise.all(parts.map((part) => part.catch((error: unknown) => finish({error}))));

	try {
		if (outcome !== undefined && 'error' in outcome) {
			throw outcome.error;
		}

		if (file.readings === 0) {
			signal.throwIfAborted();
			throw new Failure('The driver gave no reading, so nothing was recorded.', {
				fix: 'Find out why: gpubox doctor',
				exitCode: exitCode.noGpu,
			});
		}

		writeProcesses();
	} finally {
		file.close();
	}

	const {fromMs, toMs, uuids, readings, bytes} = file;
	const {end} = outcome ?? {end: 'interrupted'};
	return {fromMs, toMs, gpus: uuids.size, readings, processes: seen.size, bytes, end};
}

function headOf({engine, person}: Host, {driverVersion, cudaVersion, gpus}: GpuInventory): HistoryRecord[] {
	const name = engine.local ? hostname() : engine.address;
	return [
		{kind: 'machine', machine: {host: name, person: person.name, driverVersion, cudaVersion}},
		...gpus.map(
			({index, uuid, name, busId, computeCapability, memoryTotalMiB, powerLimit, migMode, mig}): HistoryRecord => ({
				kind: 'card',
				card: {index, uuid, name, busId, computeCapability, memoryTotalMiB, powerLimit, migMode, mig},
			}),
		),
	];
}

/** @returns whether the time is over; false when the signal aborted */
async function wait(milliseconds: number, signal: AbortSignal): Promise<boolean> {
	for (let rest = milliseconds; rest > 0 && !signal.aborted; rest -= longestTimerMs) {
		await pause(Math.min(rest, longestTimerMs), undefined, {signal}).catch(() => {});
	}

	return !signal.aborted;
}

async function followProcesses(
	host: Host,
	inventory: GpuInventory,
	history: ProcessHistory,
	{signal, onFirst, onError}: {signal: AbortSignal; onFirst: () => void; onError: (error: unknown) => void},
): Promise<void> {
	const name = createNaming(host, inventory);
	let naming: Promise<void> = Promise.resolve();
	let lists = 0;
	await watchProcesses(host.nvidiaSmi, {
		signal,
		intervalMs: listEveryMs,
		onList(list) {
			if (areKnown(list)) {
				naming = naming
					.then(async () => {
						history.add(await name(list, signal), list.listedAt, longestMs);
						lists += 1;
						if (lists === 1) {
							onFirst();
						}
					})
					.catch(onError);
			}
		},
	});
	await naming;
}

/** Whose the processes are, as far as the engine says. The boxes are listed again where there is a process that was not there before. */
function createNaming(host: Host, {gpus}: GpuInventory) {
	const finder = createContainerFinder(host.engine, isClaim);
	let boxes: Box[] = [];
	let pids = new Set<number>();
	return async (list: ProcessList, signal: AbortSignal): Promise<NamedProcess[]> => {
		const {processes} = list;
		const soon = AbortSignal.any([signal, AbortSignal.timeout(namingMs)]);
		try {
			if (processes.some(({pid}) => !pids.has(pid))) {
				boxes = await heed(listBoxes(host, soon), soon);
			}

			pids = new Set(processes.map(({pid}) => pid));
			return await heed(nameProcesses(host, list, boxes, gpus, {finder, signal: soon}), soon);
		} catch (error) {
			// Without an engine that answers as it should they are recorded anyway.
			if (soon.aborted || error instanceof EngineError) {
				return processes.map((process) => ({...process, user: null, box: null, container: null}));
			}

			throw error;
		}
	};
}
