import {existsSync, readdirSync} from 'node:fs';
import {dirname, join, posix} from 'node:path';
import {exitCode, Failure} from '../base/failure.ts';
import {inside} from '../box/paths.ts';
import {isSurelyImage} from '../image/reference.ts';
import {mostSimilar} from '../text/match/similar.ts';
import {safeText} from '../text/safe.ts';
import {shellQuote} from '../text/shell-quote.ts';

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

/** Where a project's files are, on the host and for a command that starts inside. */
export type Place = {
	/** The project's folder on the host. */
	folder: string;
	/** Where the command starts, inside. */
	workingDirectory: string;
};

/** A file as it is on the host, from its path as a command is given it; undefined outside of the project, whose files are not known here. */
export function fileOnHost(path: string, {folder, workingDirectory}: Place): string | undefined {
	const below = posix.relative(inside.project, posix.resolve(workingDirectory, path));
	return below === '..' || below.startsWith('../') ? undefined : join(folder, below);
}

/**
A script that is missing is told before anything is pulled and any GPU is taken. Paths outside of the project are the image's, which
are not known here.

@throws MissingScript that names the file looked for; Failure (usage) for an image in front of the command, where docker has it
*/
export function refuseMissingScript(command: readonly string[], place: Place): void {
	refuseImage(command, place);
	const script = scriptOf(command);
	const file = script === undefined ? undefined : fileOnHost(script, place);
	if (script === undefined || file === undefined || existsSync(file)) {
		return;
	}

	const similar = mostSimilar(posix.basename(script), filesOf(dirname(file)));
	throw new MissingScript(`No such file: ${safeText(file)}`, {
		fix: similar
			? `Did you mean "${similar}"?`
			: `The command starts in ${safeText(place.workingDirectory)}, which is this folder; files outside of the project need --mount.`,
		exitCode: exitCode.failed,
	});
}

function refuseImage([first = '', ...rest]: readonly string[], place: Place): void {
	const file = fileOnHost(first, place);
	if (isSurelyImage(first) && (file === undefined || !existsSync(file))) {
		const command = rest.length > 0 ? rest.map(shellQuote).join(' ') : 'COMMAND';
		throw new Failure(`${safeText(first)} looks like an image, and a job begins with its command.`, {
			fix: `Name the image in an option: gpubox run --image ${safeText(first)} -- ${safeText(command)}`,
			exitCode: exitCode.usage,
		});
	}
}

/** There is no such script or notebook: the code is the one that the command would end with. */
export class MissingScript extends Failure {}

function filesOf(folder: string): string[] {
	try {
		return readdirSync(folder);
	} catch {
		// The folder is missing, too.
		return [];
	}
}
