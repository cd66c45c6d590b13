import type {Box} from '../box/box.ts';
import {findBox, listClaims} from '../box/list.ts';
import type {Host} from '../host/host.ts';

/**
Acts on each box named and prints its name. All names are looked up before anything is done, so that a mistyped one changes nothing.

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
	const boxes = await Promise.all(names.map((name) => findBox(host, name, signal)));
	await agree(boxes);
	for (const box of boxes) {
		await act(box);
		process.stdout.write(`${box.name}\n`);
	}

	const {removeLeftovers} = await import('../box/up/leftovers.ts');
	await removeLeftovers(host, await listClaims(host, signal));
}
