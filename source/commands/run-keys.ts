import {readFileSync} from 'node:fs';

/** What a key means while a job is followed. */
export type RunKey = 'interrupt' | 'detach' | 'suspend';

/**
Listens for keys while a job runs: a terminal gives single keys only when it does not interpret Ctrl-C itself any more.

@returns ends it; undefined without a terminal, or in the background, where reading would stop gpubox
*/
export function listenForKeys(
	input: NodeJS.ReadStream,
	act: (key: RunKey) => void,
): {pause(): void; resume(): void} | undefined {
	if (!input.isTTY) {
		return undefined;
	}

	const onData = (data: Buffer) => {
		for (const byte of data) {
			const key = keys[byte];
			if (key !== undefined) {
				act(key);
			}
		}
	};
	let listening = false;
	const listener = {
		pause() {
			if (listening) {
				listening = false;
				input.setRawMode(false);
				input.off('data', onData);
				input.pause();
			}
		},
		resume() {
			if (!listening && isInForeground()) {
				listening = true;
				input.setRawMode(true);
				input.on('data', onData);
				input.resume();
			}
		},
	};
	listener.resume();
	return listener;
}

const keys: Record<number, RunKey> = {3: 'interrupt', 26: 'suspend', 100: 'detach'};

/** Whether this process may read from its terminal. */
function isInForeground(): boolean {
	try {
		const stat = readFileSync('/proc/self/stat', 'utf8');
		// After the name: state, ppid, pgrp, session, tty_nr, tpgid.
		const [, , group, , , foreground] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
		return group === foreground;
	} catch {
		return false;
	}
}
