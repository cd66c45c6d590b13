/** What a key does to one box, with its owner told. Loaded when a key first needs it. */
import {type Box, isRunning} from '../../../box/box.ts';
import {restartBox, startBox, stopBox} from '../../../box/up/lifecycle.ts';
import {removeBox} from '../../../box/up/remove-box.ts';
import {tellOwner} from '../../../box/up/tell-owner.ts';
import type {Host} from '../../../host/host.ts';

/** @returns what else could not be done; safe to print. @throws Failure, EngineError */
export async function actOn(
	host: Host,
	box: Box,
	deed: 'start' | 'stop' | 'restart' | 'remove',
	signal: AbortSignal,
): Promise<string[]> {
	switch (deed) {
		case 'start': {
			await startBox(host, box, signal);
			return [];
		}

		case 'stop': {
			const notes = isRunning(box) ? await tellOwner(host, box, 'stopped') : [];
			await stopBox(host, box, signal);
			return notes;
		}

		case 'restart': {
			return restart(host, box, signal);
		}

		case 'remove': {
			const notes = await tellOwner(host, box, 'removed');
			// What is kept of a job is completed first.
			const note =
				box.job && box.mine
					? await (await import('../../../app/runs/remove.ts')).removeJob(host, box, signal)
					: await removeBox(host, box);
			return note ? [...notes, `${note.message} ${note.fix}`] : notes;
		}
	}
}

/** A stopped box is only started. */
async function restart(host: Host, box: Box, signal: AbortSignal): Promise<string[]> {
	const notes: string[] = [];
	const note = (text: string) => void notes.push(text);
	if (!isRunning(box)) {
		await startBox(host, box, signal, note);
		return notes;
	}

	const beforeStop = async () => void notes.push(...(await tellOwner(host, box, 'restarted')));
	await restartBox(host, box, signal, {note, beforeStop});
	return notes;
}
