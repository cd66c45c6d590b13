import {setTimeout as pause} from 'node:timers/promises';
import {createBackoff} from '../../../base/backoff.ts';
import {type Box, isRunning} from '../../../box/box.ts';
import type {Context} from '../context.ts';
import {problemOf} from '../model.ts';
import {chosenBox} from '../reduce.ts';
import {onChange, type SessionState, withFacts} from '../store.ts';
import {type BoxCard, noBoxCard, type UseHistory} from './box-state.ts';

/** Who looks at what runs does not need it by the second. */
const processIntervalMs = 5000;

/** The box whose screen is shown, with its state: a started one is asked again. The help over it is a part of the screen. */
function boxShown({view, facts}: SessionState): string | undefined {
	const shown = view.screen === 'box' || (view.screen === 'help' && view.behindHelp === 'box');
	const box = shown ? chosenBox(view, facts.box.boxes) : undefined;
	return box === undefined ? undefined : `${box.id} ${box.state}`;
}

/** Asks about the box that is looked at, and about none when its screen is closed. */
export function followBox(context: Context, history: UseHistory): void {
	let watching: AbortController | undefined;
	onChange(context.store, boxShown, (shown) => {
		watching?.abort();
		watching = undefined;
		const {view, facts} = context.store.get();
		const box = shown === undefined ? undefined : chosenBox(view, facts.box.boxes);
		if (box === undefined) {
			return;
		}

		watching = new AbortController();
		const signal = AbortSignal.any([context.signal, watching.signal]);
		if (facts.boxCard.boxId !== box.id) {
			history.clear();
			context.store.change(withFacts(() => ({boxCard: {...noBoxCard, boxId: box.id}})));
		}

		context.tasks.track(describe(context, box, signal));
		if (isRunning(box)) {
			context.tasks.track(followUse(context, box, history, signal));
			if (box.mine) {
				context.tasks.track(followProcesses(context, box, signal));
			}
		}
	});
}

function change({store}: Context, boxId: string, update: Partial<BoxCard>): void {
	store.change(withFacts(({boxCard}) => ({boxCard: boxCard.boxId === boxId ? {...boxCard, ...update} : boxCard})));
}

async function describe(context: Context, box: Box, signal: AbortSignal): Promise<void> {
	const {engine} = context.host;
	try {
		const detail = await engine.inspectContainer(box.id, signal);
		const image = await engine.inspectImage(box.imageId, signal);
		change(context, box.id, {spec: detail?.spec, imageEnvironment: image?.environment ?? {}, problem: undefined});
	} catch (error) {
		if (!signal.aborted) {
			change(context, box.id, {problem: problemOf(error, engine.address)});
		}
	}
}

/** A stream that broke is opened again, ever more slowly. */
async function followUse(context: Context, box: Box, history: UseHistory, signal: AbortSignal): Promise<void> {
	const backoff = createBackoff({firstMs: 1000, longestMs: 30_000});
	while (!signal.aborted) {
		try {
			for await (const use of context.host.engine.stats(box.id, {signal})) {
				history.add(use);
				change(context, box.id, {use});
				backoff.reset();
			}
		} catch {
			// The pane of boxes tells that the engine is away.
		}

		change(context, box.id, {use: undefined});
		await pause(backoff.next(), undefined, {signal}).catch(() => {});
	}
}

async function followProcesses(context: Context, box: Box, signal: AbortSignal): Promise<void> {
	while (!signal.aborted) {
		// Between two states the engine refuses: what is not known is not shown.
		const processes = await context.host.engine.top(box.id, signal).catch(() => undefined);
		if (!signal.aborted) {
			change(context, box.id, {processes});
		}

		await pause(processIntervalMs, undefined, {signal}).catch(() => {});
	}
}
