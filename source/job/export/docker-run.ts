import {toDockerBytes} from '../../text/bytes.ts';
import {type PortableJob, usualSharedMemoryBytes, usualStopSeconds} from './portable-job.ts';

/** Options of `docker run` for GPUs, limits and rights, each with its value in one or two words. */
export function limitOptions({gpus, limits, timeouts}: PortableJob): string[][] {
	return [
		...(gpus > 0 ? [['--gpus', String(gpus)]] : []),
		['--shm-size', toDockerBytes(limits.sharedMemoryBytes ?? usualSharedMemoryBytes)],
		...(limits.memoryBytes === undefined ? [] : [['--memory', toDockerBytes(limits.memoryBytes)]]),
		...(limits.cpus === undefined ? [] : [['--cpus', String(limits.cpus)]]),
		...(limits.pids === undefined ? [] : [['--pids-limit', String(limits.pids)]]),
		['--ulimit', 'memlock=-1'],
		['--ulimit', 'stack=67108864'],
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
