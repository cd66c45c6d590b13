import {followAlone} from '../app/runs/follow.ts';
import {interrupts} from '../base/interrupts.ts';
import {openHost} from '../host/open-host.ts';

/** The gpubox in the background that follows a detached run. The terminal that it was started from does not concern it. */
export async function follow(name: string, options: {host?: string | undefined}): Promise<void> {
	const ending = new AbortController();
	interrupts.take = (signal) => {
		if (signal !== 'SIGHUP') {
			ending.abort();
		}
	};
	await followAlone(openHost(options), name, ending.signal);
}
