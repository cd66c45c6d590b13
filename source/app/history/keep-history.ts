import {setTimeout as pause} from 'node:timers/promises';
import type {Host} from '../../host/host.ts';
import {type History, historyPath, saveHistory, takeInHistory} from './history-file.ts';

const intervalMs = 60_000;

/** Takes in what was kept of the host, and keeps what is seen until the signal aborts: every minute, and at the end. */
export async function keepHistory(host: Host, history: History, signal: AbortSignal): Promise<void> {
	const path = historyPath(host);
	takeInHistory(path, history);
	while (!signal.aborted) {
		await pause(intervalMs, undefined, {signal}).catch(() => {});
		saveHistory(path, history, Date.now());
	}
}
