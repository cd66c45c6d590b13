/** A notebook as a script, by nbconvert in the image. */
import {randomUUID} from 'node:crypto';
import * as v from 'valibot';
import {exitCode, Failure} from '../../base/failure.ts';
import {readTemplate} from '../../base/templates.ts';
import type {Engine} from '../../engine/engine.ts';
import {onceSpec, type RunOnceResult, runOnce} from '../../engine/run-once.ts';
import {safeText} from '../../text/safe.ts';
import {pythonCommand} from '../python.ts';

/** A line that plain Python cannot run. Cells and lines count from 1, cells of text too. Safe to print. */
export type NotebookLine = {cell: number; line: number; text: string};

export type Script = {
	/** Foreign text, as it goes into a file. */
	code: string;
	/** `.py`; another for a kernel of another language. */
	extension: string;
	/** The magics that were left out. */
	dropped: NotebookLine[];
};

const shown = v.pipe(v.string(), v.transform(safeText));
const place = v.object({cell: v.number(), line: v.number(), text: shown});
const answer = v.object({
	kind: v.literal('script'),
	code: v.string(),
	extension: v.pipe(v.string(), v.regex(/^(?:\.\w{1,10})?$/)),
	magics: v.array(place),
	errors: v.array(place),
});

/**
Converts a notebook in a container of its own, without network.

@param notebook its name for messages, and its content
@throws Failure with the lines that plain Python cannot run; EngineError, or the reason of the signal
*/
export async function convertNotebook(
	engine: Engine,
	image: string,
	notebook: {name: string; content: string},
	{stripMagics, parameters = [], signal}: {stripMagics: boolean; parameters?: string[]; signal: AbortSignal},
): Promise<Script> {
	const name = safeText(notebook.name);
	const inside = '/tmp/notebook.ipynb';
	const command = pythonCommand(readTemplate('job/notebook.py'), [
		'--convert',
		...(stripMagics ? ['--strip-magics'] : []),
		...parameters.flatMap((text) => ['-p', text]),
		inside,
	]);
	const spec = onceSpec(`gpubox-convert-${randomUUID().slice(0, 8)}`, image, command, {uuids: [], mechanism: 'gpu'});
	spec.environment = {...spec.environment, NVIDIA_VISIBLE_DEVICES: 'void'};
	const result = await runOnce(engine, spec, signal, {
		folder: '/tmp',
		files: [{path: 'notebook.ipynb', content: withoutOutputs(notebook.content, name)}],
	});
	const {code, extension, magics, errors} = readAnswer(result, name);
	const [first] = errors;
	if (first) {
		throw new Failure(`${name}: cell ${first.cell}, line ${first.line}: ${first.text}`, {
			fix: 'Fix the cell; plain Python cannot run it.',
		});
	}

	if (magics.length > 0 && !stripMagics) {
		throw tellMagics(name, magics);
	}

	return {code, extension, dropped: magics};
}

function tellMagics(name: string, magics: NotebookLine[]): Failure {
	const [first] = magics;
	const lines = magics.map(tellLine);
	return new Failure(
		magics.length === 1 && first
			? `${name}: ${tellLine(first)} is not Python.`
			: `${name} has ${magics.length} lines that are not Python.`,
		{
			fix: 'Move what they install to packages in gpubox.yaml, or leave them out: --strip-magics',
			details:
				magics.length === 1
					? []
					: [...lines.slice(0, 10), ...(lines.length > 10 ? [`and ${lines.length - 10} more`] : [])],
		},
	);
}

/** `cell 3, line 2: !pip install x` */
export function tellLine({cell, line, text}: NotebookLine): string {
	return `cell ${cell}, line ${line}: ${text.length > 80 ? `${text.slice(0, 79)}…` : text}`;
}

/** Pictures would make it many times as large. @throws Failure for what is not a notebook */
function withoutOutputs(content: string, name: string): string {
	let value: unknown;
	try {
		value = JSON.parse(content);
	} catch (error) {
		throw notANotebook(name, error);
	}

	const parsed = v.safeParse(v.looseObject({cells: v.optional(v.array(v.looseObject({})))}), value);
	if (!parsed.success) {
		throw notANotebook(name);
	}

	const {cells, ...rest} = parsed.output;
	return JSON.stringify({
		...rest,
		...(cells ? {cells: cells.map((cell) => ('outputs' in cell ? {...cell, outputs: []} : cell))} : {}),
	});
}

function notANotebook(name: string, cause?: unknown): Failure {
	return new Failure(`${name} is not a notebook.`, {
		fix: 'A notebook is a JSON file with a list of cells, as Jupyter saves it.',
		exitCode: exitCode.failed,
		cause,
	});
}

function readAnswer({exitCode: code, stdout, stderr}: RunOnceResult, name: string): v.InferOutput<typeof answer> {
	for (const line of stdout.split('\n').filter((each) => each.startsWith('{'))) {
		try {
			return v.parse(answer, JSON.parse(line));
		} catch {
			// The image's own start-up messages.
		}
	}

	const last = (stderr.trim().split('\n').at(-1) ?? '')
		.replace(/^notebook\.py: /, '')
		.replaceAll('/tmp/notebook.ipynb', name);
	throw new Failure(`${name} cannot be converted: ${last || `exit code ${code}`}`, {
		fix: 'The image needs Jupyter with nbconvert: gpubox up --jupyter adds it.',
	});
}
