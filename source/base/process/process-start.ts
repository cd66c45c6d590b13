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
