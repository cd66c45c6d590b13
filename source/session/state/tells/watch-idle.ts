import timers from 'node:timers/promises';
import type {Box} from '../../../box/box.ts';
import type {Idleness} from '../../../box/idle/idle.ts';
import type {GpuUse} from '../../../box/idle/observe.ts';
import type {Host} from '../../../host/host.ts';
import type {Facts} from '../model.ts';
import type {View} from '../reduce.ts';
import {type SessionStore, withFacts} from '../store.ts';
import type {UseCases} from '../use-cases.ts';
import type {BoxIdleness} from './tells.ts';

/** One box is looked at at a time: each look costs the engine a list of processes. */
const stepMs = 5000;
/** Between two looks at the same box. */
const sameBoxMs = 60_000;
/** Of the curve of a card, so many seconds count as now. */
const recentSeconds = 10;

/** The screens that show since when boxes are idle. */
const screensOfIdleness: ReadonlyArray<View['screen']> = ['main', 'containers'];

export type IdleTiming = {stepMs: number; sameBoxMs: number};

/**
Keeps since when boxes are idle, one after the other, while a list of them is on the screen. A box whose own cards compute is in use: then the
engine is not asked.
*/
export async function followIdleness(
	host: Host,
	store: SessionStore,
	{
		signal,
		useCases,
		timing = {stepMs, sameBoxMs},
	}: {signal: AbortSignal; useCases: Pick<UseCases, 'idleLimits'>; timing?: IdleTiming},
): Promise<void> {
	const looked = new Map<string, number>();
	while (!signal.aborted) {
		await timers.setTimeout(timing.stepMs, undefined, {signal}).catch(() => {});
		const {facts, view} = store.get();
		const boxes = facts.box.boxes.filter(({state, job}) => state === 'running' && job === undefined);
		for (const id of looked.keys()) {
			if (!boxes.some((box) => box.id === id)) {
				looked.delete(id);
			}
		}

		const box = nextOf(boxes, looked, timing.sameBoxMs);
		const isSeen = screensOfIdleness.includes(view.screen) && !facts.lent && facts.box.phase === 'live';
		if (signal.aborted || !isSeen || box === undefined) {
			continue;
		}

		looked.set(box.id, performance.now());
		const found = await lookAt(host, box, facts, {signal, useCases});
		if (found !== undefined && !signal.aborted) {
			keep(store, box, found);
		}
	}
}

/** The box that was looked at the longest ago, those with GPUs first. */
function nextOf(boxes: readonly Box[], looked: ReadonlyMap<string, number>, pauseMs: number): Box | undefined {
	const due = boxes.filter(({id}) => performance.now() - (looked.get(id) ?? Number.NEGATIVE_INFINITY) >= pauseMs);
	const rank = ({id, gpus}: Box) => (looked.get(id) ?? -1) * 2 + (gpus.length > 0 ? 0 : 1);
	return due.toSorted((a, b) => rank(a) - rank(b))[0];
}

async function lookAt(
	host: Host,
	box: Box,
	{gpu}: Facts,
	{signal, useCases}: {signal: AbortSignal; useCases: Pick<UseCases, 'idleLimits'>},
): Promise<BoxIdleness | undefined> {
	try {
		const [idleness, {warnAfterMs}] = await Promise.all([
			idlenessOf(host, box, gpuUseOf(gpu), signal),
			useCases.idleLimits(box),
		]);
		return {idleness, warnAfterMs};
	} catch {
		// The engine went away, which the list of boxes shows.
		return undefined;
	}
}

async function idlenessOf(host: Host, box: Box, gpuUse: GpuUse, signal: AbortSignal): Promise<Idleness> {
	const alone = !box.shareGpus && box.gpus.some((uuid) => (gpuUse.utilization.get(uuid) ?? 0) > 0);
	if (alone) {
		return {kind: 'busy'};
	}

	const {readIdleness} = await import('../../../box/idle/observe.ts');
	return (await readIdleness(host, [box], {signal, gpuUse})).get(box.id) ?? {kind: 'unknown'};
}

/** What the session has read anyway: the highest load of the last seconds, and the processes. */
export function gpuUseOf({readings, processes, processesUnknown}: Facts['gpu']): GpuUse {
	return {
		utilization: new Map(
			readings.map(({uuid, history}) => {
				const recent = history.slice(-recentSeconds).filter((value) => value !== null);
				return [uuid, recent.length === 0 ? null : Math.max(...recent)];
			}),
		),
		processes,
		...(processesUnknown ? {processesUnknown: true} : {}),
	};
}

function keep(store: SessionStore, {id}: Box, found: BoxIdleness): void {
	const {tells, box} = store.get().facts;
	if (JSON.stringify(tells.idle.get(id)) !== JSON.stringify(found)) {
		const alive = [...tells.idle].filter(([each]) => box.boxes.some((one) => one.id === each));
		store.changeLazily(withFacts(({tells: now}) => ({tells: {...now, idle: new Map([...alive, [id, found]])}})));
	}
}
