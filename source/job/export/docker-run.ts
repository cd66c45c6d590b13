import {toDockerBytes} from '../../text/bytes.ts';
import {type PortableJob, usualSharedMemoryBytes, usualStopSeconds} from './portable-job.ts';

/** Raised for NCCL, as NVIDIA advises; an engine without root privileges cannot raise them, so not without a reason. */
export function ulimitsOf({gpus}: PortableJob): Record<string, number> | undefined {
	return gpus > 0 ? {memlock: -1, stack: 67_108_864} : undefined;
}

/** Options of `docker run` for GPUs, limits and rights, each with its value in one or two words. */
export function limitOptions(job: PortableJob): string[][] {
	const {gpus, limits, timeouts} = job;
	return [
		...(gpus > 0 ? [['--gpus', String(gpus)]] : []),
		['--shm-size', toDockerBytes(limits.sharedMemoryBytes ?? usualSharedMemoryBytes)],
		...(limits.memoryBytes === undefined ? [] : [['--memory', toDockerBytes(limits.memoryBytes)]]),
		...(limits.cpus === undefined ? [] : [['--cpus', String(limits.cpus)]]),
		...(limits.pids === undefined ? [] : [['--pids-limit', String(limits.pids)]]),
		...Object.entries(ulimitsOf(job) ?? {}).map(([name, limit]) => ['--ulimit', `${name}=${limit}`]),
		['--cap-drop', 'ALL'],
		['--security-opt', 'no-new-privileges'],
		['--stop-timeout', String(timeouts.stopSeconds ?? usualStopSeconds)],
	];
}

/** The value of `--mount`, which is CSV. */
export function bindOption(source: string, target: string, readOnly: boolean): string {
	const field = (text: string) => (/[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
	return ['type=bind', field(`source=${source}`), field(`target=${target}`), ...(readOnly ? ['readonly'] : [])].join(
		',',
	);
}
