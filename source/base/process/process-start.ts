import {readFileSync} from 'node:fs';

/** The start time of a process, in the kernel's clock ticks: together with the pid it identifies one process. */
export function processStart(pid: number): string | undefined {
	try {
		const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
		// The name in parentheses may contain anything, including parentheses.
		return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
	} catch {
		return undefined;
	}
}
