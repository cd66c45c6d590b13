import {exitCode, Failure} from '../../base/failure.ts';
import type {Prepared} from '../../box/plan/types.ts';
import type {Host} from '../../host/host.ts';
import type {Job} from '../../job/job.ts';
import {convertNotebook, tellLine} from '../../job/notebook/convert.ts';
import type {NotebookJob} from '../../job/notebook/notebook.ts';
import {fileOnHost} from '../../job/script.ts';
import {safeText} from '../../text/safe.ts';
import {readNotebook} from '../convert-notebook.ts';
import type {Front} from '../up.ts';

/**
The notebook of a job as the script that torchrun starts in each process.

@param options.project the folder on the host
@throws Failure for lines that plain Python cannot run; Failure (usage) for other languages; EngineError
*/
export async function convertForTorchrun(
	{engine}: Pick<Host, 'engine'>,
	{workingDirectory}: Pick<Job, 'workingDirectory'>,
	{startImage}: Pick<Prepared, 'startImage'>,
	{
		project,
		notebook,
		stripMagics,
		report,
		signal,
	}: {project: string; notebook: NotebookJob; stripMagics: boolean} & Pick<Front, 'report' | 'signal'>,
): Promise<string> {
	const name = notebook.notebook;
	const file = fileOnHost(name, {folder: project, workingDirectory});
	if (file === undefined) {
		throw new Failure(`${safeText(name)} is outside of the project, so it cannot be converted for torchrun.`, {
			fix: 'Copy it into the project.',
			exitCode: exitCode.usage,
		});
	}

	const {code, extension, dropped} = await convertNotebook(
		engine,
		startImage,
		{name, content: readNotebook(file)},
		{stripMagics, parameters: notebook.parameters, signal},
	);
	if (extension !== '.py') {
		throw new Failure(`${safeText(name)} is not in Python, and --nproc starts Python only.`, {
			fix: 'Omit --nproc: the notebook then runs in its own kernel.',
			exitCode: exitCode.usage,
		});
	}

	for (const line of dropped) {
		report({kind: 'note', text: `Left out: ${tellLine(line)}`});
	}

	return code;
}
