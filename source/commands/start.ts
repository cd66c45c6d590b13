import {forEachBox} from '../app/boxes/for-each-box.ts';
import {pickBoxes} from '../app/boxes/pick-box.ts';
import {startBox} from '../box/up/lifecycle.ts';
import {openHost} from '../host/open-host.ts';

export async function start(
	names: string[],
	options: {host?: string | undefined; json?: true | undefined},
	signal: AbortSignal,
): Promise<void> {
	const host = openHost(options);
	const boxes = await pickBoxes(host, names, 'start', signal);
	const say = (text: string) => process.stderr.write(`gpubox: ${text}\n`);
	await forEachBox(host, boxes, signal, (box) => startBox(host, box, signal, say), {json: options.json});
}
