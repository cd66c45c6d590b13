import {relative} from 'node:path';
import {lockProject} from '../app/lock/lock-project.ts';
import {openHost} from '../host/open-host.ts';
import {safeText} from '../text/safe.ts';
import {printJson} from './output/json.ts';
import {makeReporter} from './output/up-progress.ts';

type Options = {
	host?: string | undefined;
	directory: string;
	upgrade?: true | undefined;
	json?: true | undefined;
};

export async function lock(options: Options, signal: AbortSignal): Promise<void> {
	const reporter = makeReporter(process.stderr);
	try {
		const {path, changed, lock, warnings} = await lockProject(openHost(options), {
			directory: options.directory,
			upgrade: options.upgrade ?? false,
			report: reporter.report,
			signal,
		});
		reporter.end();
		for (const text of warnings) {
			reporter.report({kind: 'note', text});
		}

		if (options.json) {
			printJson({path, changed, ...lock});
			return;
		}

		const {image, inside, packages} = lock;
		const file = safeText(relative(process.cwd(), path));
		const found = [
			inside.python && `Python ${inside.python}`,
			inside.torch && `PyTorch ${inside.torch}`,
			inside.cuda && `CUDA ${inside.cuda}`,
			`${Object.keys(packages.pip).length} Python packages`,
		].filter(Boolean);
		process.stdout.write(
			`${changed ? `${file} is written` : `${file} is up to date`}: ${image.reference}, ${found.join(', ')}.\n`,
		);
	} finally {
		reporter.end();
	}
}
