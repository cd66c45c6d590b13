import type {GpuFacts, GpuFrame, GpuSample} from './gpu.ts';
import {usedOf} from './possible.ts';
import {problemOfLine, sameBus} from './problems.ts';

/** A GPU as it is shown: what is known of it and its latest reading. What is unknown is `null`. */
export type GpuView = Omit<GpuFacts, 'utilization' | 'memoryUsedMiB'> &
	Omit<GpuSample, 'index' | 'uuid'> & {
		/** It was there and does not answer any more. */
		lost: boolean;
		/** What the driver said of it in the latest tick could not be read: it may be as well as ever, or not. */
		unread: boolean;
	};

const noReading: Omit<GpuSample, 'index' | 'uuid'> = {
	utilization: null,
	memoryUtilization: null,
	memoryUsedMiB: null,
	memoryTotalMiB: null,
	temperature: null,
	powerDraw: null,
	powerLimit: null,
	clockSm: null,
	clockMemory: null,
	fanSpeed: null,
	performanceState: null,
	throttleReasons: null,
	pcieWidth: null,
	faulty: false,
};

/**
Every known GPU with its latest reading, in the order of the facts. A GPU that a frame lacks is lost and stays in the
list, unless part of the frame could not be read: then nothing is known of it. Before the first frame none is lost.
*/
export function viewGpus(facts: readonly GpuFacts[], frame: GpuFrame | undefined): GpuView[] {
	const samples = new Map(frame?.samples.map((sample) => [sample.uuid, sample]));
	const problems = (frame?.messages ?? []).map(problemOfLine).filter((problem) => problem !== undefined);
	return facts.map((gpu) => {
		const sample = samples.get(gpu.uuid);
		const {busId} = gpu;
		const problem = problems.find((each) => busId !== null && each.busId !== undefined && sameBus(each.busId, busId));
		const memoryTotalMiB = sample?.memoryTotalMiB ?? gpu.memoryTotalMiB;
		const missing = frame !== undefined && sample === undefined;
		const lost = missing && (frame.unreadable !== true || problem?.code === 'gpu-lost');
		return {
			...gpu,
			...(sample ?? noReading),
			index: gpu.index,
			memoryTotalMiB,
			memoryUsedMiB: usedOf(sample?.memoryUsedMiB ?? null, memoryTotalMiB),
			powerLimit: sample?.powerLimit ?? gpu.powerLimit,
			lost,
			unread: missing && !lost,
		};
	});
}
