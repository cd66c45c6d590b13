import {isSea} from 'node:sea';

/** How this very gpubox is started again, by a timer or in the background: program and arguments. */
export function ownCommand(): string[] {
	const [node = 'node', program = 'gpubox'] = process.argv;
	// The executable contains both.
	return isSea() ? [process.execPath] : [node, program];
}
