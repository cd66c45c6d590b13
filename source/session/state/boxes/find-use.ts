import {type Box, isRunning} from '../../../box/box.ts';
import type {Host} from '../../../host/host.ts';
import type {Context} from '../context.ts';
import type {Question} from '../reduce.ts';

type Needs = Pick<Context, 'host' | 'store' | 'fail' | 'signal'>;

/** Adds to an open question what uses the box; until then it cannot be answered with yes. */
export function findUse(context: Needs, {boxId}: {boxId: string}): void {
	addUses(context, [boxId], (asking, uses) =>
		(asking.what === 'stop' || asking.what === 'remove' || asking.what === 'restart') && asking.boxId === boxId
			? {...asking, use: uses[boxId] ?? ''}
			: asking,
	);
}

/** The same for the question about marked boxes. */
export function findUses(context: Needs, {boxIds}: {boxIds: string[]}): void {
	addUses(context, boxIds, (asking, uses) =>
		// Another one may be open by now, and of its boxes nothing is known yet.
		asking.what === 'bulk' && asking.boxes.map(({id}) => id).join() === boxIds.join() ? {...asking, uses} : asking,
	);
}

/** @param add to the question that is open then, if that is the one that was asked for */
function addUses(
	{host, store, fail, signal}: Needs,
	boxIds: readonly string[],
	add: (asking: Question, uses: Record<string, string>) => Question,
): void {
	const boxes = store.get().facts.box.boxes.filter((box) => boxIds.includes(box.id) && isRunning(box));
	void readUses(host, boxes, signal)
		.catch((error: unknown) => {
			fail(error);
			// The user may still decide, knowing that it is unknown.
			return Object.fromEntries(boxes.map(({id}) => [id, 'whether it is in use is unknown']));
		})
		.then((uses) => {
			store.change((state) => {
				const {asking} = state.view;
				return asking === undefined ? state : {...state, view: {...state.view, asking: add(asking, uses)}};
			});
		})
		.catch(fail);
}

/** By id and in words; empty when nothing uses it. */
async function readUses(host: Host, boxes: Box[], signal: AbortSignal): Promise<Record<string, string>> {
	const [{readUse}, {textOfEnd}] = await Promise.all([
		import('../../../box/idle/observe.ts'),
		import('../../../box/idle/idle.ts'),
	]);
	const uses = boxes.length === 0 ? undefined : await readUse(host, boxes, {signal});
	return Object.fromEntries(boxes.map((box) => [box.id, textOfEnd(box, uses?.get(box.id))]));
}
