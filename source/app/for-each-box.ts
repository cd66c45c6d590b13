import type {Box} from '../box/box.ts';
import {listClaims} from '../box/list.ts';
import type {Host} from '../host/host.ts';

/**
Acts on each box or run and prints its name.

@param agree called with all of them before the first; throws when the user does not agree
@throws what `act` throws
*/
export async function forEachBox(
	host: Host,
	boxes: Box[],
	signal: AbortSignal,
	act: (box: Box) => Promise<void>,
	agree: (boxes: Box[]) => Promise<void> = async () => {},
): Promise<void> {
	await agree(boxes);
	for (const box of boxes) {
		await act(box);
		process.stdout.write(`${box.name}\n`);
	}

	const {removeLeftovers} = await import('../box/up/leftovers.ts');
	await removeLeftovers(host, await listClaims(host, signal));
}
