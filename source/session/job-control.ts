import {once} from 'node:events';
import {readFileSync} from 'node:fs';
import {setImmediate as nextTurn, setTimeout as pause} from 'node:timers/promises';
import {killGroups} from '../base/process/process-group.ts';

export type JobControl = {isStopped: () => boolean; end(): void};

/**
Lets a shell stop gpubox and resume it, as it does with less or vim: the terminal is given back before and taken again
after. `Ctrl-Z` is a key while the session runs, so it only raises the signal that a terminal would send.

@param standAside gives the terminal away while the work that it is handed is done, and takes it back
@returns `isStopped` says whether the terminal is the shell's just now
*/
export function startJobControl(standAside: (work: () => Promise<void>) => Promise<void>): JobControl {
	let busy = false;
	let stopped = false;
	const whileAside = (work: () => Promise<void>) => {
		if (busy) {
			return;
		}

		busy = true;
		standAside(work)
			// The terminal is gone: the signal that tells so ends the session.
			.catch(() => {})
			.finally(() => {
				busy = false;
			});
	};

	const onStop = () => {
		whileAside(async () => {
			process.off('SIGTSTP', onStop);
			stopped = true;
			try {
				await stopItself();
			} finally {
				stopped = false;
				process.on('SIGTSTP', onStop);
			}
		});
	};

	// Stopped by a signal that cannot be caught: the program that used the terminal meanwhile may have changed its state.
	const onContinue = () => {
		whileAside(async () => {});
	};

	process.on('SIGTSTP', onStop);
	process.on('SIGCONT', onContinue);
	return {
		isStopped: () => stopped,
		end() {
			process.off('SIGTSTP', onStop);
			process.off('SIGCONT', onContinue);
		},
	};
}

/** The same as a terminal does on Ctrl-Z. Without a listener it does nothing. */
export function raiseStop(): void {
	if (process.listenerCount('SIGTSTP') > 0) {
		process.kill(process.pid, 'SIGTSTP');
	}
}

/**
Ends at once by a signal's own action. In the background that is the only way: whatever touches the terminal there, as Node does when
it exits, is stopped by the system. The terminal is the shell's already.
*/
export function dieOf(signal: NodeJS.Signals): void {
	killGroups();
	process.removeAllListeners(signal);
	process.kill(process.pid, signal);
}

/** Without a shell to resume it (a terminal with only gpubox in it), the system does not stop a program: then it continues. */
const notStoppedMs = 200;

/** Stops the whole job, a wrapper that started gpubox too. Settles when it goes on and has the terminal. */
async function stopItself(): Promise<void> {
	do {
		const goesOn = once(process, 'SIGCONT');
		process.kill(0, 'SIGTSTP');
		await Promise.race([goesOn, pause(notStoppedMs)]);
		// What came with it, such as the signal to end, is heard first.
		await nextTurn();
		// Sent to the background (`bg`): there is nothing that it could do there.
	} while (isInBackground());
}

function isInBackground(): boolean {
	try {
		// After the name in brackets: state, parent, group, session, terminal, the group in its foreground.
		const [, , group, , , foreground] = readFileSync('/proc/self/stat', 'utf8')
			.replace(/^.*\) /s, '')
			.split(' ');
		return foreground !== '-1' && group !== foreground;
	} catch {
		return false;
	}
}
