import {existsSync, readdirSync} from 'node:fs';
import {dirname, join, posix} from 'node:path';
import {exitCode, Failure} from '../base/failure.ts';
import {inside} from '../box/paths.ts';
import {safeText} from '../text/safe.ts';
import {mostSimilar} from '../text/similar.ts';

const python = /^(?:.*\/)?python(?:\d+(?:\.\d+)?)?$/;
const shell = /^(?:.*\/)?(?:bash|sh|dash|zsh)$/;

/** Options before the script: those that stand alone, and those that take the next word. Any other may be followed by anything. */
const optionsOf = [
	{program: python, alone: /^-(?:[uBsEOIqvdiSxb]+|[WX].+)$/, withValue: /^-[WX]$/},
	{program: shell, alone: /^-[euxl]+$/, withValue: /^-[eux]*o$/},
];

/** The script that a command runs, as it was typed; undefined where it runs none, or it cannot be known. */
export function scriptOf(command: readonly string[]): string | undefined {
	const [program = '', ...rest] = command;
	if (/\.(?:py|ipynb)$/.test(program)) {
		return program;
	}

	const options = optionsOf.find((each) => each.program.test(program));
	if (options === undefined) {
		return program.includes('/') ? program : undefined;
	}

	for (let place = 0; place < rest.length; place++) {
		const word = rest[place] ?? '';
		if (!word.startsWith('-')) {
			return word;
		}

		if (options.withValue.test(word)) {
			place += 1;
		} else if (!options.alone.test(word)) {
			return undefined;
		}
	}

	return undefined;
}

/**
A script that is missing is told before anything is pulled and any GPU is taken. Paths outside of the project are the image's, which
are not known here.

@param place.folder the project's folder on the host; `place.workingDirectory` where the command starts, inside
@throws Failure (failed) that names the file looked for
*/
export function refuseMissingScript(
	command: readonly string[],
	{folder, workingDirectory}: {folder: string; workingDirectory: string},
): void {
	const script = scriptOf(command);
	if (script === undefined) {
		return;
	}

	const path = posix.resolve(workingDirectory, script);
	const below = posix.relative(inside.project, path);
	if (below === '..' || below.startsWith('../')) {
		return;
	}

	const file = join(folder, below);
	if (existsSync(file)) {
		return;
	}

	const similar = mostSimilar(posix.basename(script), filesOf(dirname(file)));
	throw new Failure(`No such file: ${safeText(file)}`, {
		fix: similar
			? `Did you mean "${similar}"?`
			: `The command starts in ${safeText(workingDirectory)}, which is this folder; files outside of the project need --mount.`,
		exitCode: exitCode.failed,
	});
}

function filesOf(folder: string): string[] {
	try {
		return readdirSync(folder);
	} catch {
		// The folder is missing, too.
		return [];
	}
}
