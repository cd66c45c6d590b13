/** gpubox.yaml: finding it and reading it. The parser is loaded only when there is a file to read. */
import {existsSync, realpathSync} from 'node:fs';
import {dirname, join, relative, resolve} from 'node:path';
import {exitCode, Failure} from '../base/failure.ts';
import {readSmallFile} from '../base/small-file.ts';
import {safeText} from '../text/safe.ts';
import type {Sourced} from './merge.ts';
import type {Mistake, Source} from './read.ts';

const names = ['gpubox.yaml', 'gpubox.yml'];
/** Defaults for everyone on this host. */
export const hostWideFile = '/etc/gpubox/config.json';
/** More of them are of no use. */
const mostMistakes = 10;

/** The folder that the user specified, symbolic links resolved. @throws Failure (usage) when there is none */
export function resolveFolder(directory: string, currentDirectory: string): string {
	const path = resolve(currentDirectory, directory);
	try {
		return realpathSync(path);
	} catch (error) {
		const isHidden = (error as NodeJS.ErrnoException).code === 'EACCES';
		throw new Failure(isHidden ? `Permission denied: ${path}` : `No such folder: ${path}`, {
			fix: isHidden ? 'Choose a folder that you may read.' : 'Create it first, or choose another.',
			exitCode: exitCode.usage,
			cause: error,
		});
	}
}

/**
The project that a folder belongs to: the nearest folder upwards that holds a gpubox.yaml, not beyond the root of the git
repository; outside of a repository only the folder itself is looked at, so that a file left in a home or in /tmp is no one's
by accident. Without a file the folder itself is the project.

@param folder absolute
@throws Failure (usage) when a folder holds both spellings
*/
export function findProject(folder: string): {project: string; file?: string} {
	const root = findRepository(folder);
	for (let current = folder; ; current = dirname(current)) {
		const [file, second] = names.map((name) => join(current, name)).filter((path) => existsSync(path));
		if (second) {
			throw new Failure(`Both gpubox.yaml and gpubox.yml exist in ${current}.`, {
				fix: 'Remove one of them.',
				exitCode: exitCode.usage,
			});
		}

		if (file) {
			return {project: current, file};
		}

		if (root === undefined || current === root) {
			return {project: folder};
		}
	}
}

/** The folder that holds `.git`, which in a worktree or a submodule is a file. */
function findRepository(folder: string): string | undefined {
	for (let current = folder; ; current = dirname(current)) {
		if (existsSync(join(current, '.git'))) {
			return current;
		}

		if (current === dirname(current)) {
			return undefined;
		}
	}
}

/** @throws Failure (usage) that lists everything wrong with the file */
export async function readProjectFile(path: string, currentDirectory: string): Promise<Sourced[]> {
	return readFile(path, {
		place: 'gpubox.yaml',
		shownAs: nameFor(path, currentDirectory),
		base: dirname(path),
	});
}

/** Reads either kind of file. @throws Failure (usage) that lists everything wrong with it */
export async function readFile(path: string, source: Source): Promise<Sourced[]> {
	let text: string;
	try {
		text = readSmallFile(path).toString('utf8');
	} catch (error) {
		throw new Failure(`Cannot read ${source.shownAs}: ${safeText((error as Error).message)}`, {
			fix: 'Make it a readable plain file, or move it away.',
			exitCode: exitCode.usage,
			cause: error,
		});
	}

	const {readSettings} = await import('./read.ts');
	const {settings, mistakes} = readSettings(text, source);
	if (mistakes.length > 0) {
		throw toFailure(source.shownAs, mistakes);
	}

	return settings;
}

/** One mistake is the message; several are listed. */
export function toFailure(shownAs: string, mistakes: Mistake[]): Failure {
	const [first] = mistakes;
	const tell = ({line, column, message}: Mistake) => `${shownAs}:${line}:${column}: ${message}`;
	if (mistakes.length === 1 && first) {
		return new Failure(tell(first), {
			fix: first.hint || 'gpubox config --schema prints the settings.',
			exitCode: exitCode.usage,
		});
	}

	const more = mistakes.length - mostMistakes;
	return new Failure(`${shownAs} has ${mistakes.length} mistakes.`, {
		fix: 'gpubox config --schema prints the settings.',
		exitCode: exitCode.usage,
		details: [
			...mistakes.slice(0, mostMistakes).map((mistake) => [tell(mistake), mistake.hint].filter(Boolean).join(' ')),
			...(more > 0 ? [`and ${more} more`] : []),
		],
	});
}

/** Relative to the current folder. */
function nameFor(path: string, currentDirectory: string): string {
	const short = relative(currentDirectory, path);
	return safeText(short.startsWith('../../..') || short === '' ? path : short);
}
