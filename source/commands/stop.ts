import {forEachBox} from '../app/for-each-box.ts';
import {pickBoxes} from '../app/pick-box.ts';
import {endPlacedRuns} from '../app/runs/place-stop.ts';
import type {Box} from '../box/box.ts';
import {listBoxes} from '../box/list.ts';
import {stopBox} from '../box/up/lifecycle.ts';
import type {Host} from '../host/host.ts';
import {openHost} from '../host/open-host.ts';
import {agreeOnTerminal, type EndFlags, tellOwnerOf} from './output/ask-end.ts';

export async function stop(
	names: string[],
	options: EndFlags & {idle?: string | undefined},
	signal: AbortSignal,
): Promise<void> {
	const host = openHost(options);
	if (options.idle !== undefined) {
		// Only what is idle, so nothing has to be asked.
		const idle = await idleOnes(host, names, options.idle, signal);
		await forEachBox(host, idle, signal, (box) => end(host, box, signal), {json: options.json});
		return;
	}

	const {others, ended} = await endPlacedRuns(host, names, {hard: false, json: options.json, signal});
	if (names.length > 0 && others.length === 0 && !options.json) {
		return;
	}

	const boxes = ended.length > 0 && others.length === 0 ? [] : await pickBoxes(host, others, 'stop', signal);
	const agree = agreeOnTerminal(host, 'stop', options, signal);
	await forEachBox(host, boxes, signal, (box) => end(host, box, signal), {agree, json: options.json, ended});
}

async function end(host: Host, box: Box, signal: AbortSignal): Promise<void> {
	if (box.state === 'running') {
		await tellOwnerOf(host, box, 'stopped');
	}

	await stopBox(host, box, signal);
}

/** The caller's running boxes that have been idle for so long; only those named, if any are. */
async function idleOnes(host: Host, names: string[], time: string, signal: AbortSignal): Promise<Box[]> {
	const [{readIdleness}, {idleFor}, {toDuration}] = await Promise.all([
		import('../box/idle/observe.ts'),
		import('../box/idle/idle.ts'),
		import('../app/duration-option.ts'),
	]);
	const leastMs = toDuration(time);
	const boxes = names.length > 0 ? await pickBoxes(host, names, 'stop', signal) : await listBoxes(host, signal);
	const own = boxes.filter(({mine}) => mine);
	const idleness = await readIdleness(host, own, {signal, looks: 5});
	const now = new Date();
	return own.filter(({id}) => idleness.get(id)?.kind === 'idle' && idleFor(idleness.get(id), now) >= leastMs);
}
