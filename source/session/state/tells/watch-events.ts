import {type Box, isRunning} from '../../../box/box.ts';
import type {Context} from '../context.ts';
import {onChange, withFacts} from '../store.ts';
import type {Alert} from './alert.ts';
import {conditionsOf} from './conditions.ts';
import {type EventsState, type Happening, withConditions, withHappening} from './events.ts';

/** How often conditions are looked at, at most. */
const everyMs = 1000;
/** Whoever stops a box with this session sees that anyway; a moment after it the list still shows the box as running. */
const ownMs = 20_000;

type Parts = Pick<Context, 'host' | 'store' | 'signal'> & {alert: Alert; clock?: () => number; now?: () => number};

export type EventsWatch = {
	/** A job of the user ended. */
	runEnded(name: string, end: {ok: boolean; text: string; fix: string}): void;
	/** Anything else that happens at one moment. */
	happened(what: Omit<Happening, 'id' | 'at'>): void;
};

/** Keeps the list of what happened, and alerts the user to each thing as they wish. */
export function followEvents({
	host,
	store,
	signal,
	alert,
	clock = () => performance.now(),
	now = Date.now,
}: Parts): EventsWatch {
	const change = (update: (events: EventsState) => EventsState) => {
		const before = store.get().facts.tells.events;
		const after = update(before);
		if (after === before || signal.aborted) {
			return;
		}

		store.change(withFacts(({tells}) => ({tells: {...tells, events: after}})));
		const news = after.happened.filter(({id}) => id > before.lastId);
		if (news.length > 0) {
			alert(news);
		}
	};

	let lookedAt = Number.NEGATIVE_INFINITY;
	const look = () => {
		const clockMs = clock();
		const {facts} = store.get();
		// Before the first reading and the first list nothing is known to be as it was.
		if (clockMs - lookedAt >= everyMs && facts.gpu.phase === 'live' && facts.box.phase !== 'waiting') {
			lookedAt = clockMs;
			change((events) => withConditions(events, conditionsOf(facts), {clockMs, wallMs: now()}));
		}
	};
	onChange(store, ({facts}) => facts.gpu.readings, look);
	onChange(store, ({facts}) => facts.host, look);

	const touched = new Map<string, number>();
	onChange(
		store,
		({facts}) => facts.tasks,
		(tasks) => {
			for (const {boxId} of tasks) {
				if (boxId !== undefined) {
					touched.set(boxId, clock());
				}
			}
		},
	);
	let running: readonly Box[] = [];
	onChange(
		store,
		({facts}) => facts.box.boxes,
		(boxes) => {
			const stopped = running.filter(({id}) => boxes.some((box) => box.id === id && !isRunning(box)));
			running = boxes.filter((box) => box.mine && box.job === undefined && isRunning(box));
			const isBusy = ({id, projectPath}: Box) =>
				store.get().facts.tasks.some(({boxId, startsFolder}) => boxId === id || startsFolder === projectPath) ||
				clock() - (touched.get(id) ?? Number.NEGATIVE_INFINITY) < ownMs;
			for (const box of stopped.filter((each) => !isBusy(each))) {
				void endOf(host, box, signal).then((end) => {
					if (end !== undefined) {
						change((events) => withHappening(events, {...end, at: now()}));
					}
				});
			}

			for (const id of touched.keys()) {
				if (!boxes.some((box) => box.id === id)) {
					touched.delete(id);
				}
			}
		},
	);

	return {
		happened(what) {
			change((events) => withHappening(events, {...what, at: now()}));
		},
		runEnded(name, {ok, text, fix}) {
			const killed = /out of memory|memory limit/i.test(text);
			change((events) =>
				withHappening(events, {
					at: now(),
					kind: killed ? 'out-of-memory' : 'run-ended',
					severity: ok ? 'good' : 'bad',
					text,
					fix,
					about: {box: name},
				}),
			);
		},
	};
}

/** How a box ended that this session did not end; undefined where the engine does not know it any more. */
async function endOf(
	{engine}: Parts['host'],
	{id, name}: Box,
	signal: AbortSignal,
): Promise<Omit<Happening, 'id' | 'at'> | undefined> {
	// An engine that does not answer is shown by the list of boxes.
	const detail = await engine.inspectContainer(id, signal).catch(() => undefined);
	if (detail === undefined || detail.state === 'running' || detail.state === 'restarting') {
		return undefined;
	}

	return detail.oomKilled
		? {
				kind: 'out-of-memory',
				severity: 'bad',
				text: `${name} was killed at its memory limit`,
				fix: 'up --recreate --memory SIZE raises the limit',
				about: {box: name},
			}
		: {
				kind: 'box-stopped',
				severity: 'bad',
				text: `${name} has stopped (exit code ${detail.exitCode})`,
				fix: `gpubox logs ${name} shows why; s starts it again`,
				about: {box: name},
			};
}
