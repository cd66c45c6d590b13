import {type Box, containerPrefix, label} from '../../../box/box.ts';
import {listBoxes} from '../../../box/list.ts';
import type {EngineEvent} from '../../../engine/engine.ts';
import type {Host} from '../../../host/host.ts';
import {followList, type ListTiming} from '../follow-list.ts';
import {type SessionStore, withFacts} from '../store.ts';
import type {Waker} from '../waker.ts';

function concernsBoxes({attributes}: EngineEvent): boolean {
	return attributes[label.name] !== undefined || (attributes.name ?? '').startsWith(containerPrefix);
}

/** The user's own boxes first, each part in the order that it comes in: what one opens the session for is chosen first. */
export function ownFirst(boxes: readonly Box[]): Box[] {
	return [...boxes.filter(({mine}) => mine), ...boxes.filter(({mine}) => !mine)];
}

/** Keeps the list of boxes current (`followList`). Settles when the signal is aborted. */
export async function followBoxes(
	host: Host,
	store: SessionStore,
	signal: AbortSignal,
	options: Partial<ListTiming> & {waker?: Waker} = {},
): Promise<void> {
	await followList(
		{
			engine: host.engine,
			list: async (listSignal) => ownFirst(await listBoxes(host, listSignal)),
			concerns: concernsBoxes,
			phase: () => store.get().facts.box.phase,
			tell({items, reached, ...news}) {
				// The first list is what the user waits for; later ones wait for the next frame.
				const change = store.get().facts.box.phase === 'waiting' ? store.changeNow : store.change;
				change(
					withFacts(({box}) => ({
						box: {
							...box,
							...news,
							...(items === undefined ? {} : {boxes: items}),
							connection: box.connection + (reached ? 1 : 0),
						},
					})),
				);
			},
		},
		signal,
		options,
	);
}
