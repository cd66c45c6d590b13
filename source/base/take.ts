/**
Something that one process at a time may have, as files in a folder of the user's. Each take is a file of its own with a number one
higher than that of the one before; it holds the process. Only one process can make it, also when several find at once that the process
before them is gone.
*/
import {linkSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {processStart} from './process/process-start.ts';

/**
Takes `name` for this process.

@returns what gives it back; undefined while another process has it
@throws errors of the file system
*/
export function take(folder: string, name: string): (() => void) | undefined {
	const last = Math.max(0, ...numbersOf(folder, name));
	if (last > 0 && isHeld(pathOf(folder, name, last))) {
		return undefined;
	}

	const mine = pathOf(folder, name, last + 1);
	const draft = join(folder, `.${name}.take-${process.pid}`);
	writeFileSync(draft, `${process.pid} ${processStart(process.pid)}`, {mode: 0o600});
	try {
		// With its content from the first moment on: an empty one was given back.
		linkSync(draft, mine);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
			return undefined;
		}

		throw error;
	} finally {
		rmSync(draft, {force: true});
	}

	return () => {
		try {
			truncateSync(mine);
		} catch (error) {
			// What was taken is gone, and its files with it.
			if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
				throw error;
			}
		}
	};
}

/** The files of all takes of `name`, the newest last. */
export function takesOf(folder: string, name: string): string[] {
	return numbersOf(folder, name)
		.sort((a, b) => a - b)
		.map((number) => pathOf(folder, name, number));
}

const pathOf = (folder: string, name: string, number: number) => join(folder, `${name}.take-${number}`);

function numbersOf(folder: string, name: string): number[] {
	const start = `${name}.take-`;
	return readdirSync(folder)
		.filter((file) => file.startsWith(start))
		.map((file) => Number(file.slice(start.length)))
		.filter((number) => Number.isSafeInteger(number));
}

function isHeld(path: string): boolean {
	let content = '';
	try {
		content = readFileSync(path, 'utf8');
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
			throw error;
		}
	}

	const [, pid, startedAt] = /^(\d+) (.+)$/.exec(content) ?? [];
	return startedAt !== undefined && processStart(Number(pid)) === startedAt;
}
