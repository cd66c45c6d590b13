import {followAlone} from '../app/runs/follow.ts';
import {followPlacedAlone, placed} from '../app/runs/places.ts';
import {interrupts} from '../base/process/interrupts.ts';
import {openHost} from '../host/open-host.ts';
import {readRunRecord} from '../job/runs/record.ts';

/** The gpubox in the background that follows a detached run. The terminal that it was started from does not concern it. */
export async function follow(name: string, options: {host?: string | undefined}): Promise<void> {
	const ending = new AbortController();
	interrupts.take = (signal) => {
		if (signal !== 'SIGHUP') {
			ending.abort();
		}
	};
	const host = openHost(options);
	const elsewhere = placed(readRunRecord(host.paths, name));
	await (elsewhere === undefined
		? followAlone(host, name, ending.signal)
		: followPlacedAlone(host, elsewhere, ending.signal));
}
