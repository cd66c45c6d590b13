import {readToken} from '../box/files.ts';
import {jupyterUrl, tunnelCommand} from '../box/jupyter.ts';
import {findBox} from '../box/list.ts';
import {Failure} from '../failure.ts';
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

	if (!options.print && hasDesktop(process.env)) {
		const {default: openInBrowser} = await import('open');
		await openInBrowser(url);
	}

	process.stdout.write(`${url}\n`);
	const tunnel = options.print ? undefined : tunnelCommand(box, person.name, options.host, process.env);
	if (tunnel) {
		process.stderr.write(`First, on your own machine: ${tunnel}\n`);
	}
}

/** Over ssh there is no browser to open, however many are installed. */
export function hasDesktop(environment: NodeJS.ProcessEnv): boolean {
	return Boolean((environment.DISPLAY || environment.WAYLAND_DISPLAY) && !environment.SSH_CONNECTION);
}
