/** Asks several hosts again and again, each by itself: a slow one holds none of the others up. */
import {setTimeout as pause} from 'node:timers/promises';
import type {HostFacts} from './facts.ts';
import {askHost} from './gather.ts';
import {hostQuestion} from './listed.ts';

export type HostWatch = {
	signal: AbortSignal;
	/** Once, in the order of the settings. */
	onNames: (names: readonly string[]) => void;
	/** Each time a host answered, or did not in time. */
	onAnswer: (facts: HostFacts) => void;
};

/** Milliseconds between an answer and the next question. */
const betweenMs = 5000;

/** The hosts of the settings, until the signal aborts. @throws Failure (usage) where none are set */
export async function watchHosts(watch: HostWatch): Promise<void> {
	// What is wrong with the files of a project is shown by the verbs that need them.
	const {names, lock} = await hostQuestion([], () => {});
	await watchThese(names, (name) => askHost(name, {signal: watch.signal, lock}), watch);
}

/** @param ask one host; may throw the signal's reason */
export async function watchThese(
	names: readonly string[],
	ask: (name: string) => Promise<HostFacts>,
	{signal, onNames, onAnswer}: HostWatch,
): Promise<void> {
	onNames(names);
	await Promise.all(
		names.map(async (name) => {
			while (!signal.aborted) {
				try {
					const facts = await ask(name);
					signal.throwIfAborted();
					onAnswer(facts);
					await pause(betweenMs, undefined, {signal});
				} catch (error) {
					if (!signal.aborted) {
						throw error;
					}
				}
			}
		}),
	);
}
