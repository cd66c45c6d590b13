import {statfs} from 'node:fs/promises';
import {cpus, hostname} from 'node:os';
import {heed} from '../../../base/abortable.ts';
import type {Engine} from '../../../engine/engine.ts';
import type {HostReading} from '../model.ts';

export type HostReader = (signal: AbortSignal) => Promise<HostReading>;

/** How long the rest of the line waits for an engine that does not answer. */
const engineMs = 2000;

type CpuTimes = {busy: number; all: number};

/**
Reads how the machine is doing without starting a process. CPU load comes from the kernel's counters through Node:
systeminformation would run a shell for it at each reading, and `df` for the disk.

With an engine on another machine only the name of that engine is known.
*/
export function createHostReader(engine: Engine): HostReader {
	let before = cpuTimes();
	let rootDirectory: string | undefined;
	return async (signal) => {
		if (!engine.local) {
			return {...unknownHost, hostname: engine.address};
		}

		const now = cpuTimes();
		const spent = now.all - before.all;
		const load = spent > 0 ? ((now.busy - before.busy) / spent) * 100 : null;
		before = now;
		const {mem} = (await import('systeminformation')).default;
		const memory = await mem();
		if (rootDirectory === undefined) {
			const timeoutSignal = AbortSignal.any([signal, AbortSignal.timeout(engineMs)]);
			rootDirectory = await heed(engine.info(timeoutSignal), timeoutSignal).then(
				(info) => info.rootDirectory,
				// Without an engine there is no folder of images; the pane of boxes shows that it is missing.
				() => undefined,
			);
		}

		return {
			hostname: hostname(),
			cpuLoad: load,
			cpuCount: cpus().length,
			memoryUsedBytes: memory.total - memory.available,
			memoryTotalBytes: memory.total,
			...(await diskOf(rootDirectory)),
		};
	};
}

export const unknownHost: HostReading = {
	hostname: '',
	cpuLoad: null,
	cpuCount: null,
	memoryUsedBytes: null,
	memoryTotalBytes: null,
	diskFreeBytes: null,
	diskTotalBytes: null,
};

async function diskOf(folder: string | undefined): Promise<Pick<HostReading, 'diskFreeBytes' | 'diskTotalBytes'>> {
	if (folder === undefined || folder === '') {
		return {diskFreeBytes: null, diskTotalBytes: null};
	}

	try {
		const {bavail, blocks, bsize} = await statfs(folder);
		return {diskFreeBytes: bavail * bsize, diskTotalBytes: blocks * bsize};
	} catch {
		// The engine's folder can be out of sight (rootless, in a virtual machine): then it is not known.
		return {diskFreeBytes: null, diskTotalBytes: null};
	}
}

function cpuTimes(): CpuTimes {
	let all = 0;
	let idle = 0;
	for (const {times} of cpus()) {
		all += times.user + times.nice + times.sys + times.idle + times.irq;
		idle += times.idle;
	}

	return {busy: all - idle, all};
}
