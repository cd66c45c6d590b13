import {forEachBox} from '../app/boxes/for-each-box.ts';
import {pickBoxes} from '../app/boxes/pick-box.ts';
import {endPlacedRuns} from '../app/runs/place-stop.ts';
import type {Box} from '../box/box.ts';
import {listBoxes} from '../box/list.ts';
import {stopBox} from '../box/up/lifecycle.ts';
import type {Host} from '../host/host.ts';
import {openHost} from '../host/open-host.ts';
import {verbsThere} from './follow-there.ts';
import {agreeOnTerminal, type EndFlags, tellOwnerOf} from './output/ask-end.ts';

/** @param words of the verb with its options, for gpubox on the host that has a run @returns the exit code there */
export async function stop(
	names: string[],
	options: EndFlags & {idle?: string | undefined},
	words: readonly string[],
	signal: AbortSignal,
): Promise<number | undefined> {
	const host = openHost(options);
	if (options.idle !== undefined) {
		// Only what is idle, so nothing has to be asked.
		const isIdle = await idleTest(host, options.idle, signal);
		const own = await ownBoxes(host, names, signal);
		await forEachBox(host, await isIdle(own), signal, (box) => end(host, box, signal), {
			json: options.json,
			// The first may take half a minute to stop, and someone comes back to the second meanwhile.
			stillDue: async (box) => (await isIdle([box])).length > 0,
		});
		return undefined;
	}

	const there = await verbsThere(host, names, words, signal);
	const named = there.others;
	if (there.code !== undefined && named.length === 0) {
		return there.code;
	}

	const {others, ended} = await endPlacedRuns(host, named, {hard: false, json: options.json, signal});
	if (names.length > 0 && others.length === 0 && !options.json) {
		return there.code;
	}

	const boxes = ended.length > 0 && others.length === 0 ? [] : await pickBoxes(host, others, 'stop', signal);
	const agree = agreeOnTerminal(host, 'stop', options, signal);
	await forEachBox(host, boxes, signal, (box) => end(host, box, signal), {agree, json: options.json, ended});
	return there.code;
}

async function end(host: Host, box: Box, signal: AbortSignal): Promise<void> {
	if (box.state === 'running') {
		await tellOwnerOf(host, box, 'stopped');
	}

	await stopBox(host, box, signal);
}

/** The caller's boxes; only those named, if any are. */
async function ownBoxes(host: Host, names: string[], signal: AbortSignal): Promise<Box[]> {
	const boxes = names.length > 0 ? await pickBoxes(host, names, 'stop', signal) : await listBoxes(host, signal);
	return boxes.filter(({mine}) => mine);
}

/** @returns those of some boxes that have been idle for so long */
async function idleTest(host: Host, time: string, signal: AbortSignal): Promise<(boxes: Box[]) => Promise<Box[]>> {
	const [{readIdleness}, {idleFor}, {toDuration}] = await Promise.all([
		import('../box/idle/observe.ts'),
		import('../box/idle/idle.ts'),
		import('../app/duration-option.ts'),
	]);
	const leastMs = toDuration(time);
	return async (boxes) => {
		const idleness = await readIdleness(host, boxes, {signal, looks: 5});
		const now = new Date();
		return boxes.filter(({id}) => idleness.get(id)?.kind === 'idle' && idleFor(idleness.get(id), now) >= leastMs);
	};
}
