import type {Box} from '../../box/box.ts';
import {listClaims} from '../../box/list.ts';
import type {Host} from '../../host/host.ts';
import {safeJson} from '../../text/safe.ts';

/**
Acts on each box or run and prints its name, or with `json` all of them at the end.

@param options.ended what was ended before, for the same list
@param options.stillDue called before each after the first; one that it is false for is left as it is, with a line that says so
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
		stillDue = () => Promise.resolve(true),
	}: {
		agree?: (boxes: Box[]) => Promise<void>;
		json?: true | undefined;
		ended?: ReadonlyArray<{name: string; id: string}>;
		stillDue?: (box: Box) => Promise<boolean>;
	} = {},
): Promise<void> {
	await agree?.(boxes);
	const done: Array<{name: string; id: string}> = [...ended];
	for (const [place, box] of boxes.entries()) {
		if (place > 0 && !(await stillDue(box))) {
			process.stderr.write(`${box.name} has come into use, and is left as it is.\n`);
			continue;
		}

		await act(box);
		done.push({name: box.name, id: box.id});
		if (!json) {
			process.stdout.write(`${box.name}\n`);
		}
	}

	if (json) {
		process.stdout.write(`${safeJson({boxes: done}, 2)}\n`);
	}

	const {removeLeftovers} = await import('../../box/up/leftovers.ts');
	await removeLeftovers(host, await listClaims(host, signal));
}
