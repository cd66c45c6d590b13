import {readFileSync} from 'node:fs';

/**
The start time of a process, in the kernel's clock ticks: together with the pid it identifies one process. Undefined when there is none, or
one that has ended and that its parent, such as the first process of a container, has not noticed yet.
*/
export function processStart(pid: number): string | undefined {
	try {
		const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
		// The name in parentheses may contain anything, including parentheses.
		const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
		const [state = ''] = fields;
		return 'ZX'.includes(state) ? undefined : fields[19];
	} catch {
		return undefined;
	}
}

/** A process of this host, as a record that outlives it names it; `startedAt` is empty where it could not be read. */
export type RecordedProcess = {pid: number; startedAt: string};

export function thisProcess(): RecordedProcess {
	return {pid: process.pid, startedAt: processStart(process.pid) ?? ''};
}

export function hasEnded({pid, startedAt}: RecordedProcess): boolean {
	return startedAt === '' || processStart(pid) !== startedAt;
}
