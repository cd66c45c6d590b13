import {createHash} from 'node:crypto';
import {isPortFree} from '../base/is-port-free.ts';

/** The usual port; then some that stay the same for a user and a project, so that a bookmark keeps working. */
export function candidatePorts(first: number, owner: string, project: string): number[] {
	const start = createHash('sha256').update(`${owner}\n${project}\n${first}`).digest().readUInt16BE(0);
	const span = 1000;
	return [first, ...Array.from({length: 40}, (_, step) => first + 1 + ((start + step * 7) % span))];
}

/**
The first candidate that neither a box holds nor another program listens on.

@param own counts as free, whoever listens there
@returns undefined when none of them is free.
*/
export async function findFreePort(
	candidates: number[],
	taken: ReadonlySet<number>,
	address: string,
	own?: number,
): Promise<number | undefined> {
	for (const port of candidates) {
		if (!taken.has(port) && (port === own || (await isPortFree(port, address)))) {
			return port;
		}
	}

	return undefined;
}
