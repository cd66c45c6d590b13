import {rmSync} from 'node:fs';
import timers from 'node:timers/promises';
import {Failure} from './failure.ts';
import {makeFolder} from './safe-files.ts';
import {take, takesOf} from './take.ts';

/** Such work takes milliseconds. */
const pauseMs = 20;
const patienceMs = 10_000;

/**
Does something to a file of the user's that no other gpubox does at the same moment: what both read and write back, the second would undo.

@param folder where it is noted whose turn it is; made where it is missing
@param name of what is done
@throws Failure when another process does not end; what `work` throws
*/
export async function inTurn(folder: string, name: string, work: () => Promise<void>): Promise<void> {
	const giveBack = await takeInTurn(folder, name);
	try {
		await work();
	} finally {
		giveBack();
	}
}

async function takeInTurn(folder: string, name: string): Promise<() => void> {
	for (const end = Date.now() + patienceMs; ; ) {
		const taken = tryToTake(folder, name);
		if (taken !== undefined) {
			return taken;
		}

		if (Date.now() > end) {
			throw new Failure('Another gpubox is changing the same, and does not end.', {
				fix: 'Look for it: pgrep -af gpubox',
			});
		}

		await timers.setTimeout(pauseMs);
	}
}

function tryToTake(folder: string, name: string): (() => void) | undefined {
	let giveBack: (() => void) | undefined;
	try {
		makeFolder(folder);
		giveBack = take(folder, name);
		if (giveBack !== undefined) {
			// Each take has a number above the last one, so that those before are not needed any more.
			for (const earlier of takesOf(folder, name).slice(0, -1)) {
				rmSync(earlier, {force: true});
			}
		}

		return giveBack;
	} catch {
		// Where nothing can be noted, the file may still be written: two at one moment are rare.
		return giveBack ?? (() => {});
	}
}
