import {convertToFile} from '../app/convert-notebook.ts';
import {openHost} from '../host/open-host.ts';
import {tellLine} from '../job/notebook/convert.ts';
import {safeText} from '../text/safe.ts';
import {printJson} from './output/json.ts';
import {printFile} from './output/print-file.ts';
import {makeReporter} from './output/up-progress.ts';

type Options = {
	host?: string | undefined;
	output?: string | undefined;
	stripMagics?: true | undefined;
	force?: true | undefined;
	json?: true | undefined;
};

export async function convert(notebook: string, options: Options, signal: AbortSignal): Promise<void> {
	const reporter = makeReporter(process.stderr);
	try {
		const {code, file, dropped} = await convertToFile(openHost(options), notebook, {
			output: options.output,
			stripMagics: options.stripMagics ?? false,
			force: options.force ?? false,
			report: reporter.report,
			signal,
		});
		reporter.end();
		if (options.json) {
			printJson({file: file === undefined ? null : safeText(file), code, dropped: dropped.map(tellLine)});
			return;
		}

		for (const line of dropped) {
			reporter.report({kind: 'note', text: `Left out: ${tellLine(line)}`});
		}

		if (file === undefined) {
			printFile(code);
		} else {
			process.stdout.write(`${safeText(file)} is written.\n`);
		}
	} finally {
		reporter.end();
	}
}
