import {forEachBox} from '../app/for-each-box.ts';
import {pickBoxes} from '../app/pick-box.ts';
import {startBox} from '../box/up/lifecycle.ts';
import {openHost} from '../host/open-host.ts';

export async function start(names: string[], options: {host?: string | undefined}, signal: AbortSignal): Promise<void> {
	const host = openHost(options);
	await forEachBox(host, await pickBoxes(host, names, 'start', signal), signal, (box) =>
		startBox(host, box, signal, (text) => process.stderr.write(`gpubox: ${text}\n`)),
	);
}
