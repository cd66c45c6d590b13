import {setTimeout as pause} from 'node:timers/promises';
import type {GpuProblem, GpuProcess, NvidiaSmi} from './gpu.ts';
import {parseProcessRow, processFields} from './parse.ts';
import {findProblems, noAnswer, unreadable} from './problems.ts';
import {defaultTimeoutMs, type RunOptions, runSmi} from './smi/child.ts';

export type ProcessList = {
	processes: GpuProcess[];
	problems: GpuProblem[];
	/** When the driver answered, in milliseconds since 1970. */
	listedAt: number;
};

/** Whether the driver said what runs on the GPUs. No process known is not no process there. */
export function areKnown({processes, problems}: Pick<ProcessList, 'processes' | 'problems'>): boolean {
	return processes.length > 0 || problems.length === 0;
}

/**
The processes that compute on the GPUs; those that only draw are not listed by the driver. With MIG the GPU is the one
that the slice is cut from. Trouble with the driver is told in `problems`; throws only the reason of the signal.
*/
export async function readProcesses(smi: NvidiaSmi, options: RunOptions = {}): Promise<ProcessList> {
	const answer = await runSmi(smi, [`--query-compute-apps=${processFields}`, '--format=csv,noheader,nounits'], options);
	const processes: GpuProcess[] = [];
	const messages: string[] = [];
	for (const line of answer.lines) {
		const gpuProcess = parseProcessRow(line);
		if (gpuProcess) {
			processes.push(gpuProcess);
		} else {
			messages.push(line);
		}
	}

	const problems = answer.flooded ? [unreadable({some: processes.length > 0})] : findProblems(messages, answer.end);
	if (answer.timedOut) {
		problems.unshift(noAnswer((options.timeoutMs ?? defaultTimeoutMs) / 1000, answer));
	}

	return {processes, problems, listedAt: Date.now()};
}

export type WatchProcessesOptions = {
	signal: AbortSignal;
	onList: (list: ProcessList) => void;
	/** The pause between two questions; 3000 unless told. */
	intervalMs?: number;
	/** Whether a process may have started or ended since the last question; asked after each pause. */
	isDue?: () => boolean;
	/** The driver is asked after so long anyway; 20 seconds unless told. In milliseconds. */
	longestMs?: number;
};

/**
Tells the processes again and again. One short call each time and not one looping child as for the readings: a loop
prints nothing at all while there is no process, so the end of the last one could not be told from a hanging driver.
The looping child of the readings keeps the driver awake meanwhile, which makes the short calls cheap.
Settles when the signal is aborted.
*/
export async function watchProcesses(
	smi: NvidiaSmi,
	{signal, onList, intervalMs = 3000, isDue = () => true, longestMs = 20_000}: WatchProcessesOptions,
): Promise<void> {
	let askedAt = Number.NEGATIVE_INFINITY;
	while (!signal.aborted) {
		try {
			if (isDue() || performance.now() - askedAt >= longestMs) {
				askedAt = performance.now();
				onList(await readProcesses(smi, {signal}));
			}

			await pause(intervalMs, undefined, {signal});
		} catch (error) {
			if (!signal.aborted) {
				throw error;
			}
		}
	}
}
