import {forEachBox} from '../app/for-each-box.ts';
import {exitCode, Failure} from '../base/failure.ts';
import {findBox, listBoxes} from '../box/list.ts';
import {stopBox} from '../box/up/lifecycle.ts';
import type {Host} from '../host/host.ts';
import {openHost} from '../host/open-host.ts';

export async function stop(
	names: string[],
	options: {host?: string | undefined; idle?: string | undefined},
	signal: AbortSignal,
): Promise<void> {
	const host = openHost(options);
	if (options.idle === undefined && names.length === 0) {
		throw new Failure('No box specified.', {
			fix: 'Specify one: gpubox stop BOX. To stop your idle boxes: gpubox stop --idle 6h',
			exitCode: exitCode.usage,
		});
	}

	const chosen = options.idle === undefined ? names : await idleOnes(host, names, options.idle, signal);
	await forEachBox(host, chosen, signal, (box) => stopBox(host, box, signal));
}

/** The caller's running boxes that have been idle for so long; only those named, if any are. */
async function idleOnes(host: Host, names: string[], time: string, signal: AbortSignal): Promise<string[]> {
	const [{readIdleness}, {idleFor}, {toDuration}] = await Promise.all([
		import('../box/idle/observe.ts'),
		import('../box/idle/idle.ts'),
		import('../app/duration-option.ts'),
	]);
	const leastMs = toDuration(time);
	const named = await Promise.all(names.map((name) => findBox(host, name, signal)));
	const boxes = named.length > 0 ? named : await listBoxes(host, signal);
	const own = boxes.filter(({mine}) => mine);
	const idleness = await readIdleness(host, own, {signal, looks: 5});
	const now = new Date();
	return own
		.filter(({id}) => idleness.get(id)?.kind === 'idle' && idleFor(idleness.get(id), now) >= leastMs)
		.map(({name}) => name);
}
