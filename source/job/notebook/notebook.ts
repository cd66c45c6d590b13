/** `train.ipynb -p lr=3e-4` as a job. Pure. */
import {exitCode, Failure} from '../../base/failure.ts';
import {safeText} from '../../text/safe.ts';

export type NotebookJob = {
	/** As it was typed. */
	notebook: string;
	/** `NAME=VALUE`, in the order given. */
	parameters: string[];
};

/** What a notebook may hold, with its pictures. */
export const notebookBytes = 256 * 1024 ** 2;

/** The name of the script among gpubox's files in a box or a job. */
export const notebookScript = 'notebook.py';

/**
What a command that names a notebook executes; undefined for any other command.

@param command after `gpubox run --`: `train.ipynb -p lr=3e-4`
@throws Failure (usage) for anything that is not a parameter
*/
export function notebookJob(command: readonly string[]): NotebookJob | undefined {
	const [notebook = '', ...rest] = command;
	if (!notebook.endsWith('.ipynb')) {
		return undefined;
	}

	const parameters: string[] = [];
	for (let place = 0; place < rest.length; place++) {
		const word = rest[place] ?? '';
		const isFlag = word === '-p' || word === '--parameter';
		const text = isFlag ? rest[++place] : word.startsWith('-p') ? word.slice(2) : undefined;
		if (text === undefined || !/^[A-Za-z_]\w*=/.test(text)) {
			throw new Failure(`A notebook takes only parameters, not "${safeText(text ?? word)}".`, {
				fix: `For example: gpubox run -- ${safeText(notebook)} -p lr=3e-4`,
				exitCode: exitCode.usage,
			});
		}

		parameters.push(text);
	}

	return {notebook, parameters};
}

/**
The command that executes a notebook, with the script among gpubox's files (templates/job/notebook.py). It exits with 0, with what the
notebook passes to sys.exit(), with 1 when a cell fails, and with 128 and the signal's number when it was stopped or its kernel was killed.

@param places.script the script, inside; `places.output` the executed notebook, inside, where that is not `notebook.ipynb` in $GPUBOX_RUN
*/
export function notebookCommand(
	{notebook, parameters}: NotebookJob,
	{script, output}: {script: string; output?: string},
): string[] {
	return [
		'python3',
		script,
		...parameters.flatMap((text) => ['-p', text]),
		...(output === undefined ? [] : ['--output', output]),
		'--',
		notebook,
	];
}

/** Why a notebook ended, as its script says last in a log (templates/job/notebook.py), without a period; undefined where it says nothing. Pure. */
export function findNotebookFailure(log: string): string | undefined {
	const text = /(?:^|\n)notebook\.py: ([^\n]+)\s*$/.exec(log)?.[1]?.replace(/; saved as \S+$/, '');
	return text === undefined ? undefined : safeText(text.charAt(0).toUpperCase() + text.slice(1));
}
