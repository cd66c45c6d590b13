import {readFileSync} from 'node:fs';
import {interrupts, type TakenSignal} from '../base/process/interrupts.ts';
import {inputIsTerminal} from './output/ask-consent.ts';

/** What a key means while a job is followed. */
type RunKey = 'interrupt' | 'detach' | 'suspend';

type Attendance = {
	/** Aborts when the user detaches, or the terminal is lost. */
	leaving: AbortSignal;
	/** Whether single keys are heard. */
	hasKeys: boolean;
	/** Gives the terminal back before more is printed. */
	pauseKeys(): void;
};

/**
Takes the user's keys and signals while a job is followed in the foreground.

@param options.stop called with each signal that is meant for the job
@param options.onSuspend called before this process stops for Ctrl-Z
*/
export async function attendJob<T>(
	{stop, onSuspend = () => {}}: {stop: (signal: TakenSignal) => void; onSuspend?: () => void},
	follow: (attendance: Attendance) => Promise<T>,
): Promise<T> {
	const leaving = new AbortController();
	const take = (signal: TakenSignal) => {
		if (signal === 'SIGHUP') {
			leaving.abort();
		} else {
			stop(signal);
		}
	};
	interrupts.take = take;
	const keys = listenForKeys((key) => {
		if (key === 'suspend') {
			keys?.pause();
			onSuspend();
			process.kill(process.pid, 'SIGSTOP');
			return;
		}

		take(key === 'detach' ? 'SIGHUP' : 'SIGINT');
	});
	const onContinue = () => keys?.resume();
	process.on('SIGCONT', onContinue);
	try {
		return await follow({
			leaving: leaving.signal,
			hasKeys: keys !== undefined,
			pauseKeys: () => keys?.pause(),
		});
	} finally {
		keys?.pause();
		process.off('SIGCONT', onContinue);
		interrupts.take = undefined;
	}
}

/**
Listens for keys while a job runs: a terminal gives single keys only when it does not interpret Ctrl-C itself any more.

@returns ends it; undefined without a terminal, or in the background, where reading would stop gpubox
*/
function listenForKeys(act: (key: RunKey) => void): {pause(): void; resume(): void} | undefined {
	if (!inputIsTerminal()) {
		return undefined;
	}

	const input = process.stdin;
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
