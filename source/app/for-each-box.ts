import {exitCode, Failure} from '../base/failure.ts';
import type {Box} from '../box/box.ts';
import {findBox, listClaims} from '../box/list.ts';
import type {Host} from '../host/host.ts';
import {safeText} from '../text/safe.ts';

/**
Acts on each box or run named and prints its name. All names are looked up before anything is done, so that a mistyped one changes nothing.

@param agree called with all of them before the first; throws when the user does not agree
@throws Failure (no such box), and what `act` throws
*/
export async function forEachBox(
	host: Host,
	names: string[],
	signal: AbortSignal,
	act: (box: Box) => Promise<void>,
	agree: (boxes: Box[]) => Promise<void> = async () => {},
): Promise<void> {
	const found = await Promise.all(names.map((name) => find(host, name, signal)));
	const boxes = found.filter((each) => each !== undefined);
	await agree(boxes);
	for (const box of boxes) {
		await act(box);
		process.stdout.write(`${box.name}\n`);
	}

	const {removeLeftovers} = await import('../box/up/leftovers.ts');
	await removeLeftovers(host, await listClaims(host, signal));
}

/** A box, or the container of a run. Undefined for a run that has ended: nothing of it is left to act on. */
async function find(host: Host, given: string, signal: AbortSignal): Promise<Box | undefined> {
	try {
		return await findBox(host, given, signal);
	} catch (error) {
		if (!(error instanceof Failure && error.exitCode === exitCode.noSuchBox)) {
			throw error;
		}

		const {findRun} = await import('./runs/find.ts');
		const run = findRun(host, given);
		if (run === undefined) {
			throw error;
		}

		if (run.ended === null && run.name !== given) {
			return findBox(host, run.name, signal);
		}

		process.stderr.write(
			`${run.name} has ended and its container is gone. What it left is in ${safeText(run.folder)}\n`,
		);
		return undefined;
	}
}
