import {forEachBox} from '../app/boxes/for-each-box.ts';
import {pickBoxes} from '../app/boxes/pick-box.ts';
import {isRunning} from '../box/box.ts';
import {restartBox, startBox} from '../box/up/lifecycle.ts';
import {openHost} from '../host/open-host.ts';
import {agreeOnTerminal, type EndFlags, tellOwnerOf} from './output/ask-end.ts';

/** Stops and starts boxes, with the same address and token. A stopped box is only started. */
export async function restart(names: string[], options: EndFlags, signal: AbortSignal): Promise<void> {
	const host = openHost(options);
	await forEachBox(
		host,
		await pickBoxes(host, names, 'restart', signal),
		signal,
		async (box) => {
			const note = (text: string) => process.stderr.write(`gpubox: ${text}\n`);
			if (isRunning(box)) {
				await restartBox(host, box, signal, {note, beforeStop: () => tellOwnerOf(host, box, 'restarted')});
			} else {
				await startBox(host, box, signal, note);
			}
		},
		{agree: agreeOnTerminal(host, 'restart', options, signal), json: options.json},
	);
}
