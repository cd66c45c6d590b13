import {existsSync, statSync} from 'node:fs';
import {basename, dirname, join, resolve} from 'node:path';
import {exitCode, Failure} from '../base/failure.ts';
import {writeFileAtomic} from '../base/safe-files.ts';
import {readSmallFile} from '../base/small-file.ts';
import type {UpStep} from '../box/up/types.ts';
import type {Host} from '../host/host.ts';
import {convertNotebook, type Script} from '../job/notebook/convert.ts';
import {notebookBytes} from '../job/notebook/notebook.ts';
import {safeText} from '../text/safe.ts';
import {environmentImage} from './environment.ts';

export type ConvertOptions = {
	/** Where the script goes; `-` is stdout, which is the caller's to write. The notebook's name with the script's ending when missing. */
	output?: string | undefined;
	stripMagics: boolean;
	/** Replace a script that is there. */
	force: boolean;
	report: (step: UpStep) => void;
	signal: AbortSignal;
};

/**
`gpubox convert`: the notebook as a script, by nbconvert in the project's image.

@returns the script, and the file that it was written to
@throws Failure, EngineError
*/
export async function convertToFile(
	host: Host,
	notebook: string,
	{output, stripMagics, force, ...front}: ConvertOptions,
): Promise<Script & {file?: string}> {
	const content = readNotebook(notebook);
	const image = await environmentImage(host, dirname(resolve(notebook)), front);
	const script = await convertNotebook(
		host.engine,
		image,
		{name: notebook, content},
		{stripMagics, signal: front.signal},
	);
	if (output === '-') {
		return script;
	}

	const file = output ?? join(dirname(notebook), `${basename(notebook, '.ipynb')}${script.extension}`);
	write(file, script.code, force);
	return {...script, file};
}

/** @throws Failure */
export function readNotebook(path: string): string {
	try {
		return readSmallFile(path, {maxBytes: notebookBytes}).toString('utf8');
	} catch (error) {
		throw new Failure(
			existsSync(path)
				? `Cannot read ${safeText(path)}: ${safeText((error as Error).message)}`
				: `No such notebook: ${safeText(resolve(path))}`,
			{fix: 'Name a file that ends in .ipynb.', exitCode: exitCode.failed, cause: error},
		);
	}
}

function write(file: string, code: string, force: boolean): void {
	try {
		const {uid, gid} = statSync(dirname(resolve(file)));
		writeFileAtomic(resolve(file), code, {anyFolder: true, isNew: !force, owner: {uid, gid}});
	} catch (error) {
		const {code: reason, message} = error as NodeJS.ErrnoException;
		throw new Failure(
			reason === 'EEXIST'
				? `${safeText(file)} exists already.`
				: `Cannot write ${safeText(file)}: ${safeText(message)}`,
			{
				fix:
					reason === 'EEXIST'
						? 'Replace it with --force, or choose another file: -o FILE'
						: 'Choose another file: -o FILE',
				cause: error,
			},
		);
	}
}
