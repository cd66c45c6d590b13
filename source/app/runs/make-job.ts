/** The job that a command line of `gpubox run` describes. */
import {realpathSync} from 'node:fs';
import {posix, relative} from 'node:path';
import {exitCode, Failure} from '../../base/failure.ts';
import {readSmallFile} from '../../base/small-file.ts';
import {inside} from '../../box/paths.ts';
import type {Job} from '../../job/job.ts';
import {notebookBytes, notebookJob} from '../../job/notebook/notebook.ts';
import {checkCommand, fileOnHost, MissingScript, type Place, scriptOf} from '../../job/script.ts';
import {torchrunArguments} from '../../job/torchrun.ts';
import {safeText} from '../../text/safe.ts';

/** What of the command line says what runs, and how. */
export type JobFlags = {
	command: string[];
	nproc?: number | 'auto' | undefined;
	/** Leaves out of a notebook what torchrun cannot start. */
	stripMagics?: true | undefined;
	/** Tests the GPUs first. */
	check?: true | undefined;
	gpus?: string | undefined;
	/** Seconds. */
	stopTimeout?: number | undefined;
};

/** Seconds that a job has to save a checkpoint when it is stopped. */
const defaultStopSeconds = 120;

/**
What it refuses is refused before anything is pulled.

@param project the folder on the host
@throws Failure (usage); Failure (failed) for a script that is not there
*/
export function makeJob({command, nproc, stripMagics, check, gpus, stopTimeout}: JobFlags, project: string): Job {
	const workingDirectory = placeInside(project, process.cwd());
	checkCommand(command, {folder: project, workingDirectory});
	const notebook = notebookJob(command);
	if (notebook !== undefined) {
		refuseOtherFiles(notebook.notebook, {folder: project, workingDirectory});
	}

	// One process is what its kernel is.
	const processes = notebook !== undefined && nproc === 1 ? undefined : nproc;
	const isConverted = notebook !== undefined && processes !== undefined;
	if (stripMagics && !isConverted) {
		throw new Failure('--strip-magics is for a notebook that is started with --nproc.', {
			fix: 'Omit it: elsewhere a notebook runs with its magics.',
			exitCode: exitCode.usage,
		});
	}

	if (check && gpus === 'none') {
		throw new Failure('--check tests GPUs, and with --gpus none the job gets none.', {
			fix: 'Omit one of the two.',
			exitCode: exitCode.usage,
		});
	}

	if (notebook === undefined) {
		refuseNotebookInPython(command);
		if (processes !== undefined) {
			torchrunArguments(command, 1);
		}
	}

	return {
		command,
		...(/\.py$/.test(command[0] ?? '') ? {isScript: true} : {}),
		workingDirectory,
		stopSeconds: stopTimeout ?? defaultStopSeconds,
		...(processes === undefined ? {} : {processes}),
		...(notebook === undefined ? {} : {notebook}),
		...(check ? {check} : {}),
	};
}

/** What Jupyter would only find out on the GPU. */
function refuseOtherFiles(notebook: string, place: Place): void {
	const file = fileOnHost(notebook, place);
	if (file === undefined) {
		return;
	}

	const name = safeText(notebook);
	let text: string;
	try {
		text = readSmallFile(file, {maxBytes: notebookBytes}).toString('utf8');
	} catch (error) {
		throw new MissingScript(`Cannot read ${name}: ${safeText((error as Error).message)}`, {
			fix: 'Choose a notebook that you may read.',
			cause: error,
		});
	}

	if (!looksLikeNotebook(text)) {
		throw new MissingScript(`${name} is not a notebook.`, {
			fix: 'A notebook is a JSON file with a list of cells, as Jupyter saves it.',
		});
	}
}

/** Before format 4, of 2014, the cells were within worksheets. nbformat reads those, too. */
function looksLikeNotebook(text: string): boolean {
	try {
		const {cells, worksheets} = JSON.parse(text) as {cells?: unknown; worksheets?: unknown};
		return Array.isArray(cells) || Array.isArray(worksheets);
	} catch {
		return false;
	}
}

/** Python would take the first brace of the file for code. */
function refuseNotebookInPython(command: readonly string[]): void {
	const script = scriptOf(command);
	if (script?.endsWith('.ipynb')) {
		throw new Failure(`${safeText(command[0] ?? '')} does not run notebooks.`, {
			fix: `gpubox does: gpubox run -- ${safeText(script)}`,
			exitCode: exitCode.usage,
		});
	}
}

/** The folder inside that is the caller's current one. @throws Failure (usage) outside of the project */
export function placeInside(project: string, current: string): string {
	const way = relative(project, realpathSync(current));
	if (way === '..' || way.startsWith('../')) {
		throw new Failure('The current folder is not in the project.', {
			fix: 'Go to the project: cd my-project && gpubox run -- python train.py',
			exitCode: exitCode.usage,
		});
	}

	return posix.join(inside.project, way);
}
