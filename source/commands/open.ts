import {Failure} from '../base/failure.ts';
import {jupyterUrl, tunnelCommand} from '../box/jupyter/server.ts';
import {readToken} from '../box/jupyter/token.ts';
import {findBox} from '../box/list.ts';
import {hasDesktop} from '../host/desktop.ts';
import {openHost} from '../host/open-host.ts';

export async function open(
	name: string,
	options: {host?: string | undefined; print?: true | undefined},
	signal: AbortSignal,
): Promise<void> {
	const host = openHost(options);
	const {paths, person} = host;
	const box = await findBox(host, name, signal);
	const url = jupyterUrl(box, readToken(paths, box.folder));
	if (!url) {
		throw new Failure(`${box.name} offers no Jupyter.`, {
			fix: 'It was made without. Make it anew: gpubox up --jupyter --recreate',
		});
	}

	if (box.state !== 'running') {
		throw new Failure(`${box.name} is not running.`, {fix: `Start it: gpubox start ${box.name}`});
	}

	process.stdout.write(`${url}\n`);
	if (options.print) {
		return;
	}

	await showInBrowser(url);
	const tunnel = tunnelCommand(box, person.name, options.host, process.env);
	if (tunnel) {
		process.stderr.write(`First, on your own machine: ${tunnel}\n`);
	}
}

/** Opens an address where there is a desktop, and says so; the address itself was printed before. */
export async function showInBrowser(url: string): Promise<void> {
	if (!hasDesktop(process.env)) {
		return;
	}

	const {openInBrowser} = await import('../host/browser.ts');
	const problem = await openInBrowser(url, process.env);
	process.stderr.write(
		problem === undefined ? 'Opened in your browser.\n' : `gpubox: ${problem}\n  → Open the address yourself.\n`,
	);
}
