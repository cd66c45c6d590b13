import type {Box} from '../../box/box.ts';
import {listClaims} from '../../box/list.ts';
import type {Host} from '../../host/host.ts';
import {safeJson} from '../../text/safe.ts';

/**
Acts on each box or run and prints its name, or with `json` all of them at the end.

@param options.ended what was ended before, for the same list
@param options.agree called with all of them before the first; throws when the user does not agree
@throws what `act` throws
*/
export async function forEachBox(
	host: Host,
	boxes: Box[],
	signal: AbortSignal,
	act: (box: Box) => Promise<void>,
	{
		agree,
		json,
		ended = [],
	}: {
		agree?: (boxes: Box[]) => Promise<void>;
		json?: true | undefined;
		ended?: ReadonlyArray<{name: string; id: string}>;
	} = {},
): Promise<void> {
	await agree?.(boxes);
	for (const box of boxes) {
		await act(box);
		if (!json) {
			process.stdout.write(`${box.name}\n`);
		}
	}

	if (json) {
		const done = [...ended, ...boxes.map(({name, id}) => ({name, id}))];
		process.stdout.write(`${safeJson({boxes: done}, 2)}\n`);
	}

	const {removeLeftovers} = await import('../../box/up/leftovers.ts');
	await removeLeftovers(host, await listClaims(host, signal));
}
