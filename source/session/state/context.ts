import type {SuspendTerminal} from 'ink';
import type {SessionSettings} from '../../app/session-settings.ts';
import type {Host} from '../../host/host.ts';
import {createTrustAsker, type TrustAsker} from './boxes/trust-question.ts';
import type {LogReading} from './log/log-demand.ts';
import {type Message, problemOf} from './model.ts';
import type {Verb} from './palette/palette.ts';
import {type SessionStore, withFacts} from './store.ts';
import {createTasks, type Tasks} from './tasks.ts';
import type {Happening} from './tells/events.ts';
import type {UseCases} from './use-cases.ts';

/** What only the root component can do. */
export type Terminal = {
	exit: (result?: unknown) => void;
	suspend: SuspendTerminal;
	/** For sequences beside the frames, which draw nothing. */
	write: (sequence: string) => void;
};

/** What effects work with. */
export type Context = {
	host: Host;
	store: SessionStore;
	useCases: UseCases;
	/** The working directory, for which `up` makes a box; absolute. */
	folder: string;
	tasks: Tasks;
	trust: TrustAsker;
	/** Of the logs that are shown. */
	logs: LogReading;
	/** The commands of gpubox's own program. */
	loadVerbs: () => Promise<Verb[]>;
	/** Settles once the first frame is drawn. */
	terminal: Promise<Terminal>;
	/** Aborted when the session ends. */
	signal: AbortSignal;
	say: (kind: Message['kind'], text: string, fix?: string) => void;
	/** Says why a key did nothing: of interest until the next one. */
	answer: (text: string, fix?: string) => void;
	/** Takes over what the user set for their sessions. */
	applySettings: (settings: SessionSettings) => void;
	/** Adds to what happened, and alerts the user as they wish. */
	happened: (what: Omit<Happening, 'id' | 'at'>) => void;
	/** Shows an error, with what to do about it. */
	fail: (error: unknown) => void;
};

export function createContext(
	parts: Pick<
		Context,
		| 'host'
		| 'store'
		| 'useCases'
		| 'folder'
		| 'logs'
		| 'loadVerbs'
		| 'terminal'
		| 'signal'
		| 'happened'
		| 'applySettings'
	>,
): Context {
	const {host, store, signal} = parts;
	const say: Context['say'] = (kind, text, fix = '') => {
		store.changeNow(withFacts(() => ({message: {kind, text, fix}})));
	};

	const answer: Context['answer'] = (text, fix = '') => {
		store.changeNow(withFacts(() => ({message: {kind: 'note', text, fix, passing: true}})));
	};

	const fail = (error: unknown) => {
		if (!signal.aborted) {
			const {message, fix} = problemOf(error, host.engine.address);
			say('failure', message, fix);
		}
	};

	return {...parts, say, answer, fail, tasks: createTasks(store, {signal, say, fail}), trust: createTrustAsker(store)};
}
