import type {Context} from '../context.ts';
import {problemOf} from '../model.ts';
import type {View} from '../reduce.ts';
import {onChange, withFacts} from '../store.ts';
import {withAnswer} from './hosts.ts';

/** The help over it is a part of the screen. */
function areShown({screen, behindHelp}: View): boolean {
	return screen === 'hosts' || (screen === 'help' && behindHelp === 'hosts');
}

/** Asks while the screen is shown, and at no other time. */
export function followHosts(context: Context): void {
	let watching: AbortController | undefined;
	onChange(
		context.store,
		({view}) => areShown(view),
		(shown) => {
			watching?.abort();
			watching = shown ? new AbortController() : undefined;
			if (watching) {
				watch(context, AbortSignal.any([context.signal, watching.signal]));
			}
		},
	);
}

function watch({host, store, useCases, tasks, fail}: Context, signal: AbortSignal): void {
	store.change(withFacts(({hosts}) => ({hosts: {...hosts, phase: 'asking', problem: undefined}})));
	tasks.track(
		useCases
			.runsElsewhere(host, signal, store.get().facts.readOnly)
			.then((runs) => store.change(withFacts(({hosts}) => ({hosts: {...hosts, runs}}))))
			.catch((error: unknown) => {
				if (!signal.aborted) {
					fail(error);
				}
			}),
	);
	tasks.track(
		useCases
			.hosts(host, {
				signal,
				onNames: (names) => store.change(withFacts(({hosts}) => ({hosts: {...hosts, names}}))),
				onAnswer: (facts) => store.change(withFacts(({hosts}) => ({hosts: withAnswer(hosts, facts)}))),
			})
			.catch((error: unknown) => {
				if (!signal.aborted) {
					const problem = problemOf(error, host.engine.address);
					store.change(withFacts(({hosts}) => ({hosts: {...hosts, phase: 'failed', problem}})));
				}
			}),
	);
}
