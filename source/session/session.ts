import {homedir} from 'node:os';
import {isRunning} from '../box/box.ts';
import type {GpuFeed} from '../gpu/feed.ts';
import type {Host} from '../host/host.ts';
import {safeText} from '../text/safe.ts';
import {followTour} from './follow-tour.ts';
import {createContext, type Terminal} from './state/context.ts';
import {perform as performEffect, standAside} from './state/effects.ts';
import {createHostReader, type HostReader} from './state/gpus/host-line.ts';
import {isDemoOffered, scopesOf} from './state/key-hints.ts';
import {actionFor, characterOf} from './state/keymap.ts';
import {createLogBuffer, type LogBuffer, scroll} from './state/log/log-buffer.ts';
import {noFacts} from './state/model.ts';
import {type Action, firstView, type Pane, reduce} from './state/reduce.ts';
import type {SessionStore} from './state/session-state.ts';
import {lookForFirstRun} from './state/setup/effects.ts';
import {hasNoBox, setupSituation} from './state/setup/select-setup.ts';
import {startSources} from './state/sources.ts';
import {createStore, onChange} from './state/store.ts';
import {ownUseCases, type UseCases} from './state/use-cases.ts';
import type {Tour} from './tour/index.tsx';

export type SessionOptions = {
	/** The working directory; absolute. */
	folder: string;
	/** In place of the session's own. */
	useCases?: Partial<UseCases>;
	/** How the machine is doing; measured unless given. */
	readHost?: HostReader;
	/** Whether the user may switch to the demo host. */
	demoOffered?: boolean;
	/** True unless set. */
	imagesOffered?: boolean;
	/** Of the made-up host. */
	tour?: Tour;
	now?: () => Date;
};

/** What depends on the screen's size when a key is pressed. */
type Measures = {panes: Pane[]; logHeight: number; lastHelpTop: number; lastQuestionTop: number};

export type Session = {
	store: SessionStore;
	buffer: LogBuffer;
	offered: {demo: () => boolean; images: boolean};
	tour: Tour | undefined;
	now: () => Date;
	press(key: string, measures: Measures): void;
	/** Pasted text is no sequence of commands: it goes where text is typed, or nowhere. */
	paste(text: string): void;
	/** Given by the root component once it is on the screen. */
	connectTerminal(terminal: Terminal): void;
	/** Gives the terminal away while `work` is done. */
	standAside(work: () => Promise<void>): Promise<void>;
	/** Breaks off what is at work. Settles when it has let go, or after a second: nobody has to wait for an engine to leave. */
	stop(): Promise<void>;
};

const longestLeaveMs = 1000;

/** Everything of the session but its picture. */
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: older than the limit
export function createSession(host: Host, feed: GpuFeed, options: SessionOptions): Session {
	const store: SessionStore = createStore({
		facts: noFacts({
			demo: host.demo,
			engineAddress: host.engine.address,
			person: host.person.name,
			folder: withTilde(options.folder, homedir()),
		}),
		view: {...firstView, tour: options.tour?.first},
	});
	const buffer = createLogBuffer();
	const sources = startSources(host, store, {
		feed,
		buffer,
		readHost: options.readHost ?? createHostReader(host.engine),
	});
	const stopping = new AbortController();
	const terminal = Promise.withResolvers<Terminal>();
	const context = createContext({
		host,
		store,
		useCases: {...ownUseCases, ...options.useCases},
		folder: options.folder,
		terminal: terminal.promise,
		signal: stopping.signal,
	});
	onChange(
		store,
		({facts}) => hasNoBox(facts),
		() => lookForFirstRun(context),
	);
	const tourGoesOn = options.tour && followTour(store, options.tour);
	const {imagesOffered = true} = options;
	const demoOffered = () => options.demoOffered === true && isDemoOffered(store.get().facts);

	const perform = (action: Action, measures?: Measures) => {
		const {facts, view} = store.get();
		const next = reduce(view, action, {
			boxes: facts.box.boxes.map((box) => ({
				id: box.id,
				name: box.name,
				owner: box.owner,
				mine: box.mine,
				running: isRunning(box),
			})),
			gpuUuids: facts.gpu.readings.map(({uuid}) => uuid),
			imageCount: facts.images.choices.length,
			panes: measures?.panes ?? [],
			demoOffered: demoOffered(),
			imagesOffered,
			setup: () => setupSituation(facts, view),
			lastHelpTop: measures?.lastHelpTop ?? 0,
			lastQuestionTop: measures?.lastQuestionTop ?? 0,
			scrollLog: (position, by, unit) => {
				const height = measures?.logHeight ?? 1;
				return scroll(buffer, position, unit === 'page' ? by * Math.max(1, height - 1) : by, height);
			},
		});
		store.changeNow((state) => ({...state, view: next.view}));
		for (const effect of next.effects) {
			performEffect(context, effect);
		}

		tourGoesOn?.({action, effects: next.effects, before: facts});
	};

	const type = (text: string): Action => ({type: 'setup', does: {what: 'insert', text}});
	const isTyping = () => scopesOf(store.get().view)[0] === 'field';

	return {
		store,
		buffer,
		offered: {demo: demoOffered, images: imagesOffered},
		tour: options.tour,
		now: options.now ?? (() => new Date()),
		press(key, measures) {
			const action = actionFor(key, scopesOf(store.get().view));
			const character = action === undefined && isTyping() ? characterOf(key) : undefined;
			if (action !== undefined) {
				perform(action, measures);
			} else if (character !== undefined) {
				perform(type(character));
			}
		},
		paste(text) {
			if (isTyping()) {
				perform(type(safeText(text)));
			}
		},
		connectTerminal(given) {
			terminal.resolve(given);
			sources.beginOthers();
		},
		standAside: (work) => standAside(context, work),
		async stop() {
			store.close();
			const {promise: patience, resolve: giveUp} = Promise.withResolvers<void>();
			const timer = setTimeout(giveUp, longestLeaveMs);
			stopping.abort();
			await Promise.race([Promise.all([context.tasks.settled(), sources.stop()]), patience]);
			clearTimeout(timer);
		},
	};
}

function withTilde(folder: string, home: string): string {
	return folder === home || folder.startsWith(`${home}/`) ? `~${folder.slice(home.length)}` : folder;
}
