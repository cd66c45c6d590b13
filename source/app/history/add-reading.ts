import {heed} from '../../base/abortable.ts';
import type {Box} from '../../box/box.ts';
import {nameProcesses} from '../../box/gpus/process-names.ts';
import {GpuHistory} from '../../gpu/history/gpu-history.ts';
import {longestMs} from '../../gpu/history/metrics.ts';
import {ProcessHistory} from '../../gpu/history/process-history.ts';
import {readGpuFacts} from '../../gpu/inventory.ts';
import {readFrame} from '../../gpu/one-frame.ts';
import {areKnown, readProcesses} from '../../gpu/processes.ts';
import type {Host} from '../../host/host.ts';
import {type History, historyPath, saveHistory, takeInHistory} from './history-file.ts';

/** How long the driver and the engine may take together. Milliseconds. */
const patienceMs = 15_000;

/** Two calls of the timer, one of which may have failed: what both found has run in between. Milliseconds. */
const betweenMs = 11 * 60_000;

/**
Adds one reading of the GPUs, and who has a process on them, to the history of the host in the user's file: for a timer, so that the
history has something of the time without a session. Where the driver gives no reading in time, nothing is written.

@throws Failure, errors of the file system
*/
export async function addReading(host: Host, boxes: readonly Box[], signal: AbortSignal): Promise<void> {
	const soon = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
	const seen = await look(host, boxes, soon).catch((error: unknown) => {
		if (soon.aborted && !signal.aborted) {
			return undefined;
		}

		throw error;
	});
	if (seen === undefined) {
		return;
	}

	const {frame, processes, atMs} = seen;
	const path = historyPath(host);
	const history: History = {gpus: new GpuHistory(), processes: new ProcessHistory()};
	const known = await takeInHistory(path, history, atMs);
	history.gpus.add(frame, atMs);
	if (processes !== undefined) {
		history.processes.add(processes, atMs, longestMs, betweenMs);
	}

	await saveHistory(path, history, atMs, known);
}

async function look(host: Host, boxes: readonly Box[], signal: AbortSignal) {
	const {gpus} = await readGpuFacts(host.nvidiaSmi, {signal});
	const frame = gpus.length === 0 ? undefined : await readFrame(host.nvidiaSmi, gpus.length, signal);
	if (frame === undefined || frame.samples.length === 0) {
		return undefined;
	}

	const list = await readProcesses(host.nvidiaSmi, {signal});
	const processes = areKnown(list) ? await heed(nameProcesses(host, list, boxes, gpus, {signal}), signal) : undefined;
	return {frame, processes, atMs: list.listedAt};
}
