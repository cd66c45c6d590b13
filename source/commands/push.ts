import {relative} from 'node:path';
import {pushProject} from '../app/images/push-project.ts';
import {openHost} from '../host/open-host.ts';
import {tellLost} from '../job/export/comments.ts';
import {safeText} from '../text/safe.ts';
import {printJson} from './output/json.ts';
import {makeReporter} from './output/up-progress.ts';

type Options = {
	host?: string | undefined;
	registry?: string | undefined;
	tag?: string | undefined;
	user?: string | undefined;
	json?: true | undefined;
};

/** Prints the pushed image by its digest on stdout, for a script; everything else goes to stderr. */
export async function push(command: readonly string[], options: Options, signal: AbortSignal): Promise<void> {
	const reporter = makeReporter(process.stderr);
	try {
		const {reference, digest, path, lost} = await pushProject(openHost(options), {
			command,
			registry: options.registry,
			tag: options.tag,
			user: options.user,
			report: reporter.report,
			signal,
		});
		reporter.end();
		for (const each of lost) {
			process.stderr.write(`Not in the image: ${tellLost(each)}\n`);
		}

		process.stderr.write(`Pushed ${reference}; ${safeText(relative(process.cwd(), path))} has its digest.\n`);
		if (options.json) {
			printJson({reference, digest, path, lost});
		} else {
			process.stdout.write(`${reference.replace(/:[^/:]*$/, '')}@${digest}\n`);
		}
	} finally {
		reporter.end();
	}
}
