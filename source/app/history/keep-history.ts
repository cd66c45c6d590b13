import {setTimeout as pause} from 'node:timers/promises';
import type {Host} from '../../host/host.ts';
import {type History, historyPath, saveHistory, takeInHistory} from './history-file.ts';

/** The whole file is written each time, which for many GPUs is some MiB. */
const intervalMs = 300_000;

/**
Takes in what was kept of the host, and keeps what is seen until the signal aborts: every five minutes, and at the end. Where no GPU was
read since the last time, nothing is written.

@param onTrouble told once that the file cannot be written, until it can be again
@param readOnly writes no file
*/
export async function keepHistory(
	host: Pick<Host, 'paths' | 'engine'>,
	history: History,
	signal: AbortSignal,
	onTrouble: (error: unknown) => void,
	readOnly = false,
): Promise<void> {
	const path = historyPath(host);
	let known = await takeInHistory(path, history);
	if (readOnly) {
		return;
	}

	let written = 0;
	let trouble = false;
	do {
		await pause(intervalMs, undefined, {signal}).catch(() => {});
		const {added} = history.gpus;
		if (added === written) {
			continue;
		}

		try {
			known = await saveHistory(path, history, Date.now(), known);
			written = added;
			trouble = false;
		} catch (error) {
			if (!trouble) {
				onTrouble(error);
			}

			trouble = true;
		}
	} while (!signal.aborted);
}
