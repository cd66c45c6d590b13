import {forEachBox} from '../app/boxes/for-each-box.ts';
import {pickBoxes} from '../app/boxes/pick-box.ts';
import {endPlacedRuns} from '../app/runs/place-stop.ts';
import {removeBox} from '../box/up/remove-box.ts';
import {openHost} from '../host/open-host.ts';
import {verbsThere} from './follow-there.ts';
import {agreeOnTerminal, type EndFlags, tellOwnerOf} from './output/ask-end.ts';

/** @param words of the verb with its options, for gpubox on the host that has a run @returns the exit code there */
export async function rm(
	names: string[],
	options: EndFlags,
	words: readonly string[],
	signal: AbortSignal,
): Promise<number | undefined> {
	const host = openHost(options);
	const there = await verbsThere(host, names, words, signal);
	const named = there.others;
	if (there.code !== undefined && named.length === 0) {
		return there.code;
	}

	const {others, ended} = await endPlacedRuns(host, named, {hard: true, json: options.json, signal});
	if (names.length > 0 && others.length === 0 && !options.json) {
		return there.code;
	}

	await forEachBox(
		host,
		ended.length > 0 && others.length === 0 ? [] : await pickBoxes(host, others, 'rm', signal),
		signal,
		async (box) => {
			await tellOwnerOf(host, box, 'removed');
			if (box.job && box.mine) {
				const {removeJob} = await import('../app/runs/remove.ts');
				await removeJob(host, box, signal);
			} else {
				const note = await removeBox(host, box);
				if (note) {
					process.stderr.write(`gpubox: ${note.message}\n  → ${note.fix}\n`);
				}
			}
		},
		{agree: agreeOnTerminal(host, 'rm', options, signal), json: options.json, ended},
	);
	return there.code;
}
