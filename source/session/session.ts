import {homedir} from 'node:os';
import {type HostFacts, hasAnswered, missingAnswers} from '../app/hosts/facts.ts';
import type {SessionSettings} from '../app/session-settings.ts';
import type {Diagnostic} from '../base/failure.ts';
import {type Box, isRunning} from '../box/box.ts';
import {ownerText} from '../box/list.ts';
import type {GpuFeed} from '../gpu/feed.ts';
import {GpuHistory} from '../gpu/history/gpu-history.ts';
import {ProcessHistory} from '../gpu/history/process-history.ts';
import type {Host} from '../host/host.ts';
import {safeText} from '../text/safe.ts';
import {followTour} from './follow-tour.ts';
import type {MouseEvent} from './mouse/mouse-event.ts';
import {ownFirst} from './state/boxes/box-source.ts';
import {showConfigFault} from './state/boxes/effects.ts';
import {createRunWatcher} from './state/boxes/ended-runs.ts';
import {isArranged, shownBoxes} from './state/boxes/shown-boxes.ts';
import {doctorSituation} from './state/checks/select-doctor.ts';
import {type Context, createContext, type Terminal} from './state/context.ts';
import {perform, refuseReadOnly, standAside} from './state/effects.ts';
import {createHostReader, type HostReader} from './state/gpus/host-line.ts';
import {followHosts} from './state/hosts/host-watch.ts';
import {UseHistory} from './state/inspect/box-state.ts';
import {followBox} from './state/inspect/box-watch.ts';
import {followCard} from './state/inspect/card-watch.ts';
import {listedProcesses, type Past} from './state/inspect/select-gpu.ts';
import {scopesOf} from './state/key-hints.ts';
import {actionFor, areKeys, bindings, onlyMove, tableOf} from './state/keymap.ts';
import {isRefused, whyNot} from './state/keys/here.ts';
import {characterOf} from './state/keys/key-names.ts';
import {createLogModel, type LogModel} from './state/log/log-model.ts';
import {unreadLog} from './state/log/log-subject.ts';
import {logSituation} from './state/log/select-log.ts';
import {followMachine} from './state/machine/container-source.ts';
import {createLoadSource} from './state/machine/load-source.ts';
import {createRestartSource} from './state/machine/restart-source.ts';
import {
	chosenHost,
	chosenImage,
	containerSituation,
	listSituation,
	settingSituation,
} from './state/machine/select-lists.ts';
import {createUseSource} from './state/machine/use-source.ts';
import {type Facts, isDemoOffered, noFacts} from './state/model.ts';
import {faultMessage, type OwnSettings, ownTable} from './state/own/own.ts';
import {ownValues} from './state/own/select-own.ts';
import type {Verb} from './state/palette/palette.ts';
import {selectPalette} from './state/palette/select-palette.ts';
import {type Action, firstView, type Pane, reduce, type Situation} from './state/reduce.ts';
import {lookForFirstRun} from './state/setup/effects.ts';
import {hasNoBox, setupSituation} from './state/setup/select-setup.ts';
import {startSources} from './state/sources.ts';
import {createStore, onChange, type SessionState, type SessionStore, withFacts} from './state/store.ts';
import type {AlertWishes} from './state/tells/alert.ts';
import {followTells} from './state/tells/follow-tells.ts';
import {ownHolder} from './state/tells/others/select-others.ts';
import {followNotices} from './state/tells/others/watch-notices.ts';
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
	/** Whether the session can go over to other hosts. */
	hostsOffered?: boolean;
	/** The session came over from another host, and can return. */
	cameOver?: boolean;
	/** Shown at first: what is wrong with the settings. */
	trouble?: Diagnostic;
	/** The user's own keys and commands. */
	own?: OwnSettings;
	/** How the user wants to hear of events. */
	alert?: AlertWishes;
	/** Takes over what the user set for their sessions; everything is drawn again after it. */
	onSettings?: (settings: SessionSettings) => void;
	/** All boxes, when the caller has listed them already: they are on the first picture. */
	boxes?: Box[] | undefined;
	/** Nothing is changed. */
	readOnly?: boolean;
	/** The mouse is reported from the beginning. */
	mouse?: boolean;
	/** What `--host` takes for this host; missing for this machine's own engine. */
	hostWord?: string;
	/** The verbs, for the palette; none unless given. */
	loadVerbs?: () => Promise<Verb[]>;
	/** Of the demo host. */
	tour?: Tour;
	/** The demo host plays a recording: of which time, in words. */
	replay?: {when: string; length: string};
	now?: () => Date;
};

/** What depends on the screen's size when a key is pressed. */
export type Measures = {
	panes: Pane[];
	logHeight: number;
	logWidth: number;
	lastHelpTop: number;
	lastQuestionTop: number;
	/** How far the lines of the screen that is shown can be scrolled. */
	lastTop: number;
};

export type Session = {
	store: SessionStore;
	/** The lines that are in memory, and what was found. */
	log: LogModel;
	past: Past;
	tour: Tour | undefined;
	now: () => Date;
	/** To be told which rows of a list are on the screen: only of these it is measured what they use. */
	showRows: (ids: readonly string[]) => void;
	/** To be told which columns are, by their keys: what is asked of the driver for one of them is asked only then. */
	showColumns: (keys: readonly string[]) => void;
	/** To be told of which container the details are shown; undefined for none. */
	showDetail: (id: string | undefined) => void;
	/** Keys that came in one piece. */
	press(keys: readonly string[], measures: Measures): void;
	/** What the mouse asks for. */
	act(action: Action, measures: Measures): void;
	/** The mouse did something. */
	point(event: MouseEvent): void;
	/** Given by the root component: knows what the mouse points at. */
	connectPointer(pointer: (event: MouseEvent) => void): void;
	/** Pasted text is not a sequence of commands: it goes where text is typed, or nowhere. */
	paste(text: string): void;
	/** Given by the root component once it is on the screen. */
	connectTerminal(terminal: Terminal): void;
	/** Gives the terminal away while `work` runs. */
	standAside(work: () => Promise<void>): Promise<void>;
	/** Aborts what is running. Settles when it has let go, or after a second: no one has to wait for an engine to leave. */
	stop(): Promise<void>;
};

type Act = (action: Action, measures?: Measures) => void;

/** Of text that is typed: nothing that it does depends on the size of the screen. */
const noMeasures: Measures = {panes: [], logHeight: 1, logWidth: 80, lastHelpTop: 0, lastQuestionTop: 0, lastTop: 0};

const longestLeaveMs = 1000;

/** Everything of the session but what draws it. */
export function createSession(host: Host, feed: GpuFeed, options: SessionOptions): Session {
	const now = options.now ?? (() => new Date());
	const own = ownTable(bindings, options.own ?? {});
	const store: SessionStore = createStore({
		facts: {...firstFacts(host, options), keys: tableOf(own.bindings)},
		view: {...firstView, tour: options.tour?.first, mouse: options.mouse ?? false},
	});
	const log = createLogModel();
	const past: Past = {gpus: new GpuHistory(), processes: new ProcessHistory(), use: new UseHistory()};
	const readHost = options.readHost ?? createHostReader(host.engine);
	const sources = startSources(host, store, {feed, log, readHost, past, now});
	const stopping = new AbortController();
	const terminal = Promise.withResolvers<Terminal>();
	let alert: AlertWishes = options.alert ?? {how: 'none', command: undefined};
	const context = createContext({
		host,
		store,
		useCases: {...ownUseCases, ...options.useCases},
		folder: options.folder,
		logs: sources.logs,
		loadVerbs: options.loadVerbs ?? (async () => []),
		terminal: terminal.promise,
		signal: stopping.signal,
		happened: (what) => watch.happened(what),
		applySettings(settings) {
			({alert} = settings);
			const {bindings: table, faults} = ownTable(bindings, settings.own);
			options.onSettings?.(settings);
			store.changeNow(withFacts(({looks}) => ({keys: tableOf(table), looks: looks + 1})));
			sayTrouble(context, settings.trouble ?? faultMessage(faults));
		},
	});
	if (options.replay) {
		context.say('note', `A replay of what was recorded ${options.replay.when}, for ${options.replay.length}.`);
	}

	sayTrouble(context, options.trouble ?? faultMessage(own.faults));

	onChange(
		store,
		({facts}) => hasNoBox(facts),
		() => lookForFirstRun(context),
	);
	const watch = followTells(
		context,
		() => alert,
		() => now().getTime(),
	);
	onChange(store, ({facts}) => facts.box.boxes, createRunWatcher({...context, runEnded: watch.runEnded}));
	followHosts(context);
	followCard(context);
	followMachine(context);
	const uses = createUseSource(host.engine, store, stopping.signal);
	followBox(context, past.use);
	const {boxes, tour} = options;
	if (boxes) {
		store.changeNow(withFacts(({box}) => ({box: {...box, phase: 'live', boxes: ownFirst(boxes)}})));
	}

	const moveTour = tour && followTour(store, tour);

	const act = createAct(context, {log, past, now}, moveTour);
	return {
		store,
		log,
		past,
		tour,
		now,
		showRows: uses.show,
		showColumns: createLoadSource(context),
		showDetail: createRestartSource(context),
		...createInput(store, act),
		connectTerminal(given) {
			terminal.resolve(given);
			sources.beginOthers();
			beginQuietWork(context, past);
		},
		standAside: (work) => standAside(context, work),
		async stop() {
			store.close();
			stopping.abort();
			const {promise: longest, resolve: giveUp} = Promise.withResolvers<void>();
			const timer = setTimeout(giveUp, longestLeaveMs);
			await Promise.race([Promise.all([context.tasks.settled(), sources.stop()]), longest]);
			clearTimeout(timer);
		},
	};
}

/** What a key does. */
function createAct(
	context: Context,
	parts: Pick<Session, 'log' | 'past' | 'now'>,
	moveTour: ReturnType<typeof followTour> | undefined,
): Act {
	const {store} = context;
	return (action, measures = noMeasures) => {
		const before = store.get();
		if (isRefused(action, before.facts)) {
			refuseReadOnly(context);
			return;
		}

		const situation = situationOf(before, measures, parts);
		const {view, effects} = reduce(before.view, action, situation);
		store.changeNow(({facts}) => ({facts: withoutPassing(facts), view}));
		for (const effect of effects) {
			perform(context, effect);
		}

		moveTour?.({action, effects, before: before.facts});
	};
}

/** What answered the key before. */
function withoutPassing(facts: Facts): Facts {
	return facts.message?.passing ? {...facts, message: undefined} : facts;
}

function sayTrouble({say}: Context, trouble: Diagnostic | undefined): void {
	if (trouble) {
		say('failure', trouble.message, trouble.fix);
	}
}

/** What is not shown, and what others left for the user. */
function beginQuietWork(context: Context, past: Past): void {
	const {host, store, signal, useCases, tasks, fail} = context;
	showConfigFault(context);
	tasks.track(followNotices(context));
	tasks.track(useCases.keepHistory(host, past, signal, fail, store.get().facts.readOnly).catch(fail));
}

function firstFacts(host: Host, options: SessionOptions): Facts {
	return noFacts({
		demo: options.replay === undefined ? host.demo : 'replay',
		replayed: options.replay?.when,
		cameOver: options.cameOver ?? false,
		root: !host.demo && host.person.uid === 0,
		readOnly: options.readOnly ?? false,
		hostWord: options.hostWord,
		offers: {
			demo: options.demoOffered ?? false,
			hosts: options.hostsOffered ?? false,
		},
		engineAddress: host.engine.address,
		person: host.person.name,
		folder: withTilde(options.folder, homedir()),
		folderPath: options.folder,
	});
}

/** Milliseconds within which more input belongs to the paste before it; fingers are slower. */
const restMs = 100;

/** Keys and pasted text, as actions. */
function createInput(
	store: SessionStore,
	act: Act,
): Pick<Session, 'act' | 'point' | 'connectPointer' | 'press' | 'paste'> {
	const type = (text: string) => act({type: 'type', typed: {insert: text}});
	const isTyping = () => scopesOf(store.get().view).includes('typing');
	let lastText = Number.NEGATIVE_INFINITY;
	let lastFew = Number.NEGATIVE_INFINITY;
	/** Whether keys are meant as such. The rest of a paste, or its Enter, may come in a piece of its own. */
	const areMeant = (keys: readonly string[]) => {
		const {facts, view} = store.get();
		const scopes = scopesOf(view);
		if (isTyping() || onlyMove(keys, scopes, facts.keys)) {
			return true;
		}

		const now = performance.now();
		const isRest = now - lastText < restMs || (keys.includes('enter') && now - lastFew < restMs);
		if (isRest || !areKeys(keys, scopes, facts.keys)) {
			lastText = now;
			return false;
		}

		lastFew = keys.length > 1 ? now : lastFew;
		return true;
	};
	let pointer: ((event: MouseEvent) => void) | undefined;
	return {
		act,
		point(event) {
			if (store.get().view.mouse) {
				pointer?.(event);
			}
		},
		connectPointer(given) {
			pointer = given;
		},
		press(keys, measures) {
			if (!areMeant(keys)) {
				return;
			}

			for (const key of keys) {
				const {facts, view} = store.get();
				const action = actionFor(key, scopesOf(view), facts.keys);
				const character = action === undefined && isTyping() ? characterOf(key) : undefined;
				if (action !== undefined) {
					act(action, measures);
				} else if (character !== undefined) {
					type(character);
				} else if (view.asking?.armed) {
					act({type: 'disarm'}, measures);
				}
			}
		},
		paste(text) {
			if (isTyping()) {
				type(safeText(text));
			}
		},
	};
}

function situationOf(
	{facts, view}: SessionState,
	{panes, logHeight, logWidth, lastHelpTop, lastQuestionTop, lastTop}: Measures,
	{log, past, now}: Pick<Session, 'log' | 'past' | 'now'>,
): Situation {
	return {
		listed: isArranged(view.lists.boxes) ? shownBoxes(facts, view).map(({id}) => id) : undefined,
		boxes: facts.box.boxes.map((box) => ({
			id: box.id,
			name: box.name,
			owner: ownerText(box),
			mine: box.mine,
			running: isRunning(box),
		})),
		gpuUuids: facts.gpu.readings.map(({uuid}) => uuid),
		holder: () => ownHolder(facts, view),
		refusal: (action) => whyNot(action, facts, view),
		hosts: facts.hosts.names.map((name) => {
			const answer = facts.hosts.answers.get(name);
			const why = answer === undefined ? 'it has not answered yet' : whyAway(answer);
			return {name, address: answer?.address ?? '', ...(why === undefined ? {} : {why})};
		}),
		chosenHost: () => chosenHost({facts, view}),
		hostsOffered: facts.offers.hosts,
		returnOffered: facts.cameOver,
		panes,
		chosenImage: () => chosenImage({facts, view}),
		palette: (now) => selectPalette(facts, now),
		tasks: facts.tasks.toReversed().map(({title, cancellable = false}) => ({title, cancellable})),
		demoOffered: isDemoOffered(facts),
		list: () => listSituation({facts, view}, now()),
		unread: () => unreadLog({facts, view}),
		container: () => containerSituation({facts, view}, now()),
		own: () => ownValues(facts, view),
		setup: () => setupSituation(facts, view),
		doctor: () => doctorSituation(facts, view, lastTop),
		setting: () => settingSituation({facts, view}, now()),
		inspect: () => ({
			lastTop,
			nowMs: now().getTime(),
			pids: listedProcesses(facts, view, past).map(({pid}) => pid),
		}),
		lastHelpTop,
		lastQuestionTop,
		log: logSituation(log, view.log, {height: logHeight, width: logWidth, now: now()}),
	};
}

/** Why one cannot go to a host. */
function whyAway(answer: HostFacts): string | undefined {
	return hasAnswered(answer) ? undefined : (missingAnswers(answer)[0]?.why ?? '');
}

function withTilde(folder: string, home: string): string {
	return folder === home || folder.startsWith(`${home}/`) ? `~${folder.slice(home.length)}` : folder;
}
