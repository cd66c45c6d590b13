import {posix} from 'node:path';
import {label} from '../box/box.ts';
import {inside} from '../box/paths.ts';
import {baseLabels, baseSpec, cpusOf, threadsOf} from '../box/plan/base.ts';
import type {BoxFacts} from '../box/plan/types.ts';
import type {ContainerSpec} from '../engine/engine.ts';
import {type NotebookJob, notebookCommand, notebookScript} from './notebook/notebook.ts';
import {torchrunArguments} from './torchrun.ts';

/** One command in a project's environment. */
export type Job = {
	/** As the user typed it, at least one word. */
	command: string[];
	/** The command is a script for Python, which was not named. */
	isScript?: boolean;
	/** The folder inside that it starts in: /workspace or a folder below it. */
	workingDirectory: string;
	/** How long its programs have to end, once told to stop. */
	stopSeconds: number;
	/** How many processes torchrun starts; `auto` is one for each GPU. Missing: the command is started as it is. */
	processes?: number | 'auto';
	/** The notebook that the command names. With `processes` it was converted to the script in the run's folder. */
	notebook?: NotebookJob;
	/** Test the GPUs first. */
	check?: boolean;
};

/** A notebook as a script, in the folder of a run. Its name is no word of Python's, so that no `import` takes it for another module. */
export const convertedScript = 'notebook-script.py';

/** The folder of a run, inside. */
function runFolderInside(name: string): string {
	return posix.join(inside.project, runsFolder, name);
}

/** The folder of a project that its runs are in. */
export const runsFolder = 'runs';

/**
The container of a job: the project's box, with a command in place of its services. The same input always gives the same container.

@throws Failure (usage) for a command that torchrun cannot start
*/
export function planJob(facts: BoxFacts, job: Job): ContainerSpec {
	const base = baseSpec(facts);
	const {environment} = facts.request;
	const processes = processesOf(job, facts.gpus.length);
	return {
		...base,
		entrypoint: [`${inside.files}/job`, ...entrypointWords(facts)],
		command: [
			...(job.check ? [`${inside.files}/check-first`] : []),
			...commandOf(job, processes, runFolderInside(facts.name)),
		],
		environment: {
			...base.environment,
			...(processes === undefined
				? {}
				: {
						...threadsOf(Math.max(1, Math.floor(cpusOf(facts) / processes))),
						// torchrun kills its processes before the engine kills torchrun. Versions before 2.12 have 30 s.
						TORCH_ELASTIC_SHUTDOWN_TIMEOUT: String(Math.max(1, job.stopSeconds - 15)),
					}),
			// Without it Python keeps what it prints until it has some kilobytes.
			PYTHONUNBUFFERED: '1',
			...environment,
			GPUBOX_RUN: runFolderInside(facts.name),
		},
		labels: baseLabels(facts, {[label.kind]: 'run', [label.stopTimeout]: String(job.stopSeconds)}),
		workingDirectory: job.workingDirectory,
		stopTimeoutSeconds: job.stopSeconds,
		// The engine keeps the log until the run is over, however long it gets within reason.
		logMaxSize: '100m',
		logMaxFiles: 5,
	};
}

/** The image's own entrypoint, which is run for its environment alone, as in a box (templates/box/surroundings). */
function entrypointWords({entrypoint = []}: BoxFacts): string[] {
	return entrypoint.length === 0 ? [] : ['--entrypoint', String(entrypoint.length), ...entrypoint];
}

// In the notebook's folder, where its kernel would run and where it finds the project's modules.
const inFolder = 'cd "$1" && shift && export PYTHONPATH="$PWD:$PYTHONPATH" && exec "$@"';

function commandOf(
	{command, isScript, notebook, workingDirectory}: Job,
	processes: number | undefined,
	folder: string,
): string[] {
	const torchrun = (words: readonly string[]) => [
		`${inside.files}/torchrun`,
		...torchrunArguments(words, processes ?? 1),
	];
	if (notebook === undefined) {
		return processes === undefined ? [...(isScript ? [`${inside.files}/python`] : []), ...command] : torchrun(command);
	}

	return processes === undefined
		? notebookCommand(notebook, {script: `${inside.files}/${notebookScript}`})
		: [
				...['sh', '-c', inFolder, 'sh', posix.dirname(posix.resolve(workingDirectory, notebook.notebook))],
				...torchrun([posix.join(folder, convertedScript)]),
			];
}

/** How many processes torchrun starts; undefined without torchrun. */
export function processesOf({processes}: Pick<Job, 'processes'>, gpus: number): number | undefined {
	return processes === 'auto' ? Math.max(1, gpus) : processes;
}
