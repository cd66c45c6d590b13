import type {Failure} from '../../base/failure.ts';

/** What a verb goes on without, on stderr: what is wrong, the evidence, what to do. */
export function tellTrouble({message, details, fix}: Failure): void {
	const lines = [message, ...details.map((line) => `  ${line}`), ...(fix === '' ? [] : [`  → ${fix}`])];
	process.stderr.write(`${lines.join('\n')}\n`);
}
