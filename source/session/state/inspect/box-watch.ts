import {setTimeout as pause} from 'node:timers/promises';
import {type Box, isRunning} from '../../../box/box.ts';
import type {ContainerUse} from '../../../engine/engine.ts';
import {boxOf} from '../boxes/shown-boxes.ts';
import type {Context} from '../context.ts';
import {followUse} from '../machine/use-source.ts';
import {problemOf} from '../model.ts';
import {onChange, type SessionState, withFacts} from '../store.ts';
import {type BoxCard, noBoxCard, type UseHistory} from './box-state.ts';

/** Who looks at what runs does not need it by the second. */
const processIntervalMs = 5000;

const retrying = {retryMs: 1000, longestRetryMs: 30_000};

/** The box whose screen is shown, with its state: a started one is asked again. The help over it is a part of the screen. */
function boxShown({view, facts}: SessionState): string | undefined {
	const shown = !facts.lent && (view.screen === 'box' || (view.screen === 'help' && view.behindHelp === 'box'));
	const box = shown ? boxOf({facts, view}) : undefined;
	return box === undefined ? undefined : `${box.id} ${box.state}`;
}

/** Asks about the box that is looked at, and about none when its screen is closed. */
export function followBox(context: Context, history: UseHistory): void {
	let watching: AbortController | undefined;
	onChange(context.store, boxShown, (shown) => {
		watching?.abort();
		watching = undefined;
		const {view, facts} = context.store.get();
		const box = shown === undefined ? undefined : boxOf({facts, view});
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
			const take = (use: ContainerUse | undefined) => takeUse(context, box.id, history, use);
			context.tasks.track(followUse(context.host.engine, box.id, take, {...retrying, signal}));
			if (box.mine) {
				context.tasks.track(followProcesses(context, box, signal));
			}
		}
	});
}

function withCard(boxId: string, update: Partial<BoxCard>) {
	return withFacts(({boxCard}) => ({boxCard: boxCard.boxId === boxId ? {...boxCard, ...update} : boxCard}));
}

async function describe({store, host}: Context, box: Box, signal: AbortSignal): Promise<void> {
	const {engine} = host;
	try {
		const detail = await engine.inspectContainer(box.id, signal);
		const image = await engine.inspectImage(box.imageId, signal);
		const imageEnvironment = image?.environment ?? {};
		store.change(withCard(box.id, {spec: detail?.spec, imageEnvironment, problem: undefined}));
	} catch (error) {
		if (!signal.aborted) {
			store.change(withCard(box.id, {problem: problemOf(error, engine.address)}));
		}
	}
}

function takeUse({store}: Context, boxId: string, history: UseHistory, use: ContainerUse | undefined): void {
	if (use !== undefined) {
		history.add(use);
	}

	store.changeLazily(withCard(boxId, {use}));
}

async function followProcesses(context: Context, box: Box, signal: AbortSignal): Promise<void> {
	while (!signal.aborted) {
		// Between two states the engine refuses: what is not known is not shown.
		const processes = await context.host.engine.top(box.id, signal).catch(() => undefined);
		if (!signal.aborted) {
			context.store.changeLazily(withCard(box.id, {processes}));
		}

		await pause(processIntervalMs, undefined, {signal}).catch(() => {});
	}
}
