import {openingOf, showInBrowser} from '../app/boxes/open-box.ts';
import {pickBox} from '../app/boxes/pick-box.ts';
import {openHost} from '../host/open-host.ts';
import {printJson} from './output/json.ts';

export async function open(
	name: string | undefined,
	options: {host?: string | undefined; print?: true | undefined; json?: true | undefined},
	signal: AbortSignal,
): Promise<void> {
	const host = openHost(options);
	const box = await pickBox(host, name, 'open', signal);
	const {url, tunnel} = openingOf(host, box, {
		noJupyter: 'It was created without. Recreate it: gpubox up --jupyter --recreate',
		notYours: 'Ask them for the URL. A box of your own: gpubox up',
		notRunning: `Start it: gpubox start ${box.name}`,
		noAddress: `See its log: gpubox logs ${box.name}`,
	});
	if (options.json) {
		printJson({name: box.name, url, tunnel: tunnel ?? null});
		return;
	}

	process.stdout.write(`${url}\n`);
	if (options.print) {
		return;
	}

	await showInBrowser(url);
	if (tunnel !== undefined) {
		process.stderr.write(`First, on your own machine: ${tunnel}\n`);
	}
}
