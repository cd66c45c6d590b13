import {setTimeout as pause} from 'node:timers/promises';
import {heed} from '../../../base/abortable.ts';
import {createBackoff} from '../../../base/backoff.ts';
import type {Diagnostic} from '../../../base/failure.ts';
import type {LogOptions} from '../../../engine/engine.ts';
import type {Host} from '../../../host/host.ts';
import {type LogState, problemOf} from '../model.ts';
import {createPacer} from '../pacer.ts';
import {onChange, type SessionState, type SessionStore, withFacts} from '../store.ts';
import {createLogReading, type LogReading} from './log-demand.ts';
import type {Choice, LogModel, LogSubject} from './log-model.ts';
import type {LogPosition} from './log-position.ts';
import {runs, subjectsOf} from './log-subject.ts';
import {atAnotherLog, isChosen} from './log-view.ts';
import {createMatcher} from './text/log-query.ts';

const linesAtFirst = 1000;
const firstRetryMs = 500;
/** A log that was not interrupted by then is being followed. */
const quietMs = 2000;
const longestRetryMs = 15_000;

type Phase = Pick<LogState, 'phase' | 'problem'>;

/** A container that was started again has a log that goes on; one that ended wrote lines that may not have come yet. */
function sourcesKey(subjects: readonly LogSubject[]): string {
	return subjects.map(({id, running}) => `${id} ${running}`).join('\n');
}

/** What the lines are chosen by. */
function choiceKey({view}: SessionState): string {
	const {filter, range} = view.log;
	return JSON.stringify([filter, range]);
}

function choiceOf({view: {log}}: SessionState): Choice {
	const {filter, range} = log;
	return {
		matcher: filter && createMatcher(filter),
		range: {since: range?.since, until: range?.until},
	};
}

function placeOf(position: LogPosition): number | 'end' {
	return position === 'follow' ? 'end' : position.line;
}

function isLogShown({view: {screen}}: SessionState): boolean {
	return screen === 'main' || screen === 'log';
}

/**
Follows the logs of the selected box, or of the container that one went to, until another is selected. A log that is interrupted while
its container runs, as it does when the engine is restarted, is read again from where it ended.

@param onAnswer called when the engine answers about a log while it does not answer about the boxes
*/
export function followLogs(
	host: Host,
	store: SessionStore,
	model: LogModel,
	signal: AbortSignal,
	onAnswer: () => void = () => {},
): LogReading {
	let following: {ids: string; choice: string; controller: AbortController} | undefined;
	let phases: Phase[] = [];
	model.keepNear(() => placeOf(store.get().view.log.position));

	const publish = () => {
		const update = withFacts(({log}) => ({log: {...log, ...phaseOf(phases), version: log.version + 1}}));
		// On a screen without the log a frame for each of its lines would show nothing new.
		if (isLogShown(store.get())) {
			store.change(update);
		} else {
			store.changeLazily(update);
		}
	};
	const change = (source: number, phase: Phase) => {
		phases[source] = phase;
		publish();
	};

	const followAll = (controller: AbortController, again: boolean) => {
		for (const source of model.sources.keys()) {
			const watch = createFollower(host, store, model, source, {change, publish, onAnswer});
			void watch(AbortSignal.any([signal, controller.signal]), again);
		}
	};

	/**
	Another box can come into the place of the chosen one by itself: its log is looked at from its end, and not through what was searched for
	in the other one.

	@returns whether this changed what lines are chosen, and so has the logs read already
	*/
	const renewView = (ids: string, choice: string): boolean => {
		const {log} = store.get().view;
		const isOther = following !== undefined && following.ids.split(' ')[0] !== ids.split(' ')[0];
		if (isOther && (isChosen(log) || log.position !== 'follow')) {
			store.changeNow(({facts, view}) => ({facts, view: {...view, log: {...atAnotherLog(log), prompt: log.prompt}}}));
		}

		return choiceKey(store.get()) !== choice;
	};

	const start = (state: SessionState) => {
		const subjects = subjectsOf(state);
		const ids = subjects.map(({id}) => id).join(' ');
		const choice = choiceKey(state);
		if (signal.aborted || renewView(ids, choice)) {
			return;
		}

		// The lines of one that was started again, has ended or is gone stay, as those of --rm containers are to be read nowhere else.
		const isSame = following?.ids === ids && following.choice === choice;
		following?.controller.abort();
		const controller = new AbortController();
		following = {ids, choice, controller};
		if (!isSame) {
			reading.cancel();
			model.reset(subjects, choiceOf(state));
		}

		phases = subjects.map(() => ({phase: 'waiting', problem: undefined}));
		store.change(
			withFacts(({log}) => ({
				log: {boxId: subjects[0]?.id, version: log.version + 1, phase: 'waiting', problem: undefined},
			})),
		);
		followAll(controller, isSame);
	};

	const restart = (keep: boolean) => {
		if (following !== undefined && !signal.aborted) {
			following.controller.abort();
			following.controller = new AbortController();
			model.restart(keep);
			publish();
			followAll(following.controller, false);
		}
	};

	const reading = createLogReading({host, store, model, signal, publish, restart});
	onChange(
		store,
		// Once the engine is back, every log is read again.
		(state) => `${sourcesKey(subjectsOf(state))} ${state.facts.box.connection} ${choiceKey(state)}`,
		() => start(store.get()),
	);
	return reading;
}

/** That of all logs together. */
function phaseOf(phases: readonly Phase[]): Phase {
	const [first] = phases;
	const problem = phases.find((each) => each.problem !== undefined)?.problem;
	const lost = phases.find(({phase}) => phase === 'lost');
	const live = phases.find(({phase}) => phase === 'following');
	return {phase: (lost ?? live ?? first)?.phase ?? 'waiting', problem};
}

type FollowerCalls = {change: (source: number, phase: Phase) => void; publish: () => void; onAnswer: () => void};

function createFollower(
	host: Host,
	store: SessionStore,
	model: LogModel,
	number: number,
	{change, publish, onAnswer}: FollowerCalls,
) {
	const source = model.sources[number];
	const boxId = source?.subject.id ?? '';

	/** From where a stream is read: from what is known on, or the last lines, or all where only some of them are shown. */
	const optionsOf = (again: boolean): LogOptions => {
		const {range, matcher} = model.choice;
		const known = source?.skip?.time ?? (again ? source?.lastTime : undefined) ?? Number.NaN;
		if (!Number.isNaN(known)) {
			return {since: new Date(Math.floor(known / 1000))};
		}

		const isChosen = matcher !== undefined || range.since !== undefined || range.until !== undefined;
		return isChosen
			? {...(range.since ? {since: range.since} : {})}
			: {tail: Math.max(linesAtFirst, again ? model.end - model.first : 0)};
	};

	/** Reads until it ends. */
	const read = async (boxSignal: AbortSignal, again: boolean, onFirst: () => void) => {
		const {until} = model.choice.range;
		const pace = createPacer();
		// A box that writes nothing sends nothing, not even that it is being listened to.
		const quiet = setTimeout(() => change(number, {phase: 'following', problem: undefined}), quietMs);
		const end = until === undefined ? {follow: true} : {until};
		const options = {...optionsOf(again), ...end, timestamps: true, lent: true, signal: boxSignal};
		const chunks = host.engine.logs(boxId, options)[Symbol.asyncIterator]();
		for (let first = true; ; first = false) {
			const item = await heed(chunks.next(), boxSignal).finally(() => clearTimeout(quiet));
			if (first) {
				onFirst();
			}

			if (first && again && item.done !== true) {
				model.resume(number);
			}

			if (item.done === true) {
				return;
			}

			model.push(number, item.value);
			publish();
			await pace(boxSignal);
		}
	};

	return async (boxSignal: AbortSignal, isAgain: boolean) => {
		const backoff = createBackoff({firstMs: firstRetryMs, longestMs: longestRetryMs});
		for (let again = isAgain; !boxSignal.aborted; again = true) {
			let problem: Diagnostic | undefined;
			try {
				await read(boxSignal, again, () => {
					backoff.reset();
					change(number, {phase: 'following', problem: undefined});
					if (store.get().facts.box.phase !== 'live') {
						onAnswer();
					}
				});
			} catch (error) {
				if (boxSignal.aborted) {
					return;
				}

				problem = problemOf(error, host.engine.address);
			}

			// What the list says may be older than this end: then the next list changes the key, and that is the end of this loop.
			const goesOn = runs(boxId, store.get().facts) && model.choice.range.until === undefined;
			change(number, {phase: goesOn && problem !== undefined ? 'lost' : 'ended', problem});
			if (!goesOn) {
				return;
			}

			await pause(backoff.next(), undefined, {signal: boxSignal}).catch(() => {});
			if (!boxSignal.aborted) {
				change(number, {phase: 'lost', problem});
			}
		}
	};
}
