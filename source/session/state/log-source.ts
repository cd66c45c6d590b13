import type {Host} from '../../host/host.ts';
import {isRunning} from './is-running.ts';
import type {LogBuffer} from './log-buffer.ts';
import {problemOf} from './problem.ts';
import {type SessionStore, withFacts} from './session-state.ts';
import {chosenBox} from './view.ts';

const linesAtFirst = 1000;

/**
Follows the log of the chosen box, and lets go of it as soon as another is chosen. Call `check` whenever the choice or the
boxes may have changed; it does nothing when they did not.
*/
export function createLogFollower(host: Host, store: SessionStore, buffer: LogBuffer, signal: AbortSignal) {
	let following: {key: string; controller: AbortController} | undefined;

	const changed = () => {
		store.change(withFacts(({log}) => ({log: {...log, version: log.version + 1}})));
	};

	const follow = async (boxId: string, within: AbortSignal) => {
		try {
			for await (const {stream, data} of host.engine.logs(boxId, {follow: true, tail: linesAtFirst, signal: within})) {
				if (within.aborted) {
					return;
				}

				buffer.push(stream, data);
				changed();
			}

			if (!within.aborted) {
				store.change(withFacts(({log}) => ({log: {...log, version: log.version + 1, phase: 'ended'}})));
			}
		} catch (error) {
			if (!within.aborted) {
				const problem = problemOf(error, host.engine.address);
				store.change(withFacts(({log}) => ({log: {...log, version: log.version + 1, phase: 'ended', problem}})));
			}
		}
	};

	return {
		check() {
			const {facts, view} = store.get();
			const box = chosenBox(view, facts.box.boxes);
			// A box that was started again has a log that goes on: it is read anew.
			const key = box === undefined ? '' : `${box.id} ${isRunning(box)}`;
			if (key === (following?.key ?? '') || signal.aborted) {
				return;
			}

			following?.controller.abort();
			following = undefined;
			buffer.clear();
			store.change(
				withFacts(({log}) => ({
					log: {boxId: box?.id, version: log.version + 1, phase: 'waiting', problem: undefined},
				})),
			);
			if (box !== undefined) {
				const controller = new AbortController();
				following = {key, controller};
				const within = AbortSignal.any([signal, controller.signal]);
				store.change(withFacts(({log}) => ({log: {...log, phase: 'following'}})));
				void follow(box.id, within);
			}
		},
	};
}
