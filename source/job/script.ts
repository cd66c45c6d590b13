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

type Interpreter = {program: RegExp; alone: RegExp; withValue: RegExp; input: RegExp};

/** Options before the script: those that stand alone, and those that take the next word. Any other may be followed by anything. */
const interpreters: Interpreter[] = [
	{program: python, alone: /^-(?:[uBsEOIqvdiSxb]+|[WX].+)$/, withValue: /^-[WX]$/, input: /^-$/},
	{program: shell, alone: /^-[euxli]+$/, withValue: /^-[eux]*o$/, input: /^-s?$/},
];

/** What an interpreter runs: a script, or what comes from its input; undefined where it cannot be known. */
function sourceOf([program = '', ...words]: readonly string[]): {script: string} | 'input' | undefined {
	const interpreter = interpreters.find((each) => each.program.test(program));
	if (interpreter === undefined) {
		return undefined;
	}

	for (let place = 0; place < words.length; place++) {
		const word = words[place] ?? '';
		if (interpreter.input.test(word)) {
			return 'input';
		}

		if (!word.startsWith('-')) {
			return {script: word};
		}

		if (interpreter.withValue.test(word)) {
			place += 1;
		} else if (!interpreter.alone.test(word)) {
			return undefined;
		}
	}

	return 'input';
}

/** The script that a command runs, as it was typed; undefined where it runs none, or it cannot be known. */
export function scriptOf(command: readonly string[]): string | undefined {
	const [program = ''] = command;
	if (/\.(?:py|ipynb)$/.test(program)) {
		return program;
	}

	if (!interpreters.some((each) => each.program.test(program))) {
		return program.includes('/') ? program : undefined;
	}

	const source = sourceOf(command);
	return typeof source === 'object' ? source.script : undefined;
}

/**
A job has no input. A shell or Python that would read its commands from there ends at once, without an error, as if it had done something.

@throws Failure (usage)
*/
function refuseInput(command: readonly string[]): void {
	if (sourceOf(command) !== 'input') {
		return;
	}

	const typed = safeText(command.map(shellQuote).join(' '));
	throw new Failure(`${typed} reads what it runs from its input, and a job has none.`, {
		fix: `To type it yourself: gpubox up, then gpubox attach. As a job: gpubox run -- ${safeText(command[0] ?? '')} FILE, or -c '…'`,
		exitCode: exitCode.usage,
	});
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
Refuses a command that cannot do anything, before anything is pulled and any GPU is taken. Paths outside of the project are the image's, which
are not known here.

@throws MissingScript that names the file looked for; Failure (usage) for an image in front of the command, where docker has it, and for
a command that would read its input
*/
export function checkCommand(command: readonly string[], place: Place): void {
	refuseImage(command, place);
	refuseInput(command);
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
