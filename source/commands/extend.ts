import {toDuration} from '../app/duration-option.ts';
import {extendReservation} from '../box/gpus/reservation.ts';
import {findBox} from '../box/list.ts';
import {openHost} from '../host/open-host.ts';
import {formatDuration} from '../text/duration.ts';
import {formatTime} from '../text/time.ts';
import {boxJson, printJson} from './output/json.ts';

/** Extends the reservation of the caller's box. @throws Failure */
export async function extend(
	name: string,
	time: string,
	options: {host?: string | undefined; json?: true | undefined},
	signal: AbortSignal,
): Promise<void> {
	const byMs = toDuration(time);
	const host = openHost(options);
	const box = await findBox(host, name, signal);
	const until = await extendReservation(host, box, byMs);
	if (options.json) {
		printJson(boxJson({...box, until}));
		return;
	}

	const left = formatDuration(until.getTime() - Date.now());
	process.stdout.write(`${box.name} is reserved until ${formatTime(until)} (${left})\n`);
}
