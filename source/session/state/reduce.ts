import type {OwnSetting} from '../../app/own-settings.ts';
import {
	type DoctorAction,
	type DoctorEffect,
	type DoctorSituation,
	type DoctorView,
	type FixQuestion,
	firstDoctor,
	keepChosen,
	reduceDoctor,
} from './checks/doctor.ts';
import {type ConfigAction, type ConfigEdit, type ConfigEffect, reduceConfig} from './config/config.ts';
import type {CopyAbout} from './copy/copy-about.ts';
import {type HostAction, type HostEffect, type HostSituation, reduceHosts} from './hosts/reduce-hosts.ts';
import {
	firstInspect,
	type InspectAction,
	type InspectEffect,
	type InspectSituation,
	type InspectView,
	reduceInspect,
	type SignalQuestion,
	withEnded,
} from './inspect/inspect.ts';
import {withoutFilter} from './lists/list.ts';
import {
	isListName,
	type ListAction,
	type ListName,
	type ListSituation,
	type Lists,
	newLists,
	reduceLists,
} from './lists/reduce-lists.ts';
import {
	atAnotherLog,
	firstLogView,
	type LogAction,
	type LogEffect,
	type LogSituation,
	type LogView,
	reduceLog,
} from './log/log-view.ts';
import {
	askAboutContainer,
	askToRead,
	type ContainerAction,
	type ContainerDeed,
	type ContainerEffect,
	type ContainerSituation,
	deedOf,
	type LoggedContainer,
	type UnreadLog,
} from './machine/ask-container.ts';
import {type BulkEffect, type BulkQuestion, bulk, markedOf, withMark} from './marks/marks.ts';
import {type MenuAction, type MenuEffect, type MenuView, reduceMenu} from './menu/menu.ts';
import type {OwnValues} from './own/own-commands.ts';
import {type OwnAction, type OwnEffect, type OwnQuestion, type OwnView, reduceOwn} from './own/reduce-own.ts';
import {
	type PaletteAction,
	type PaletteEffect,
	type PaletteItem,
	type PaletteView,
	reducePalette,
} from './palette/palette.ts';
import {type Typed, textOf} from './setup/field.ts';
import {
	reduceSetup,
	type SetupAction,
	type SetupEffect,
	type SetupSituation,
	type SetupView,
	startOf,
} from './setup/setup.ts';
import {beginCommand, type OthersAction} from './tells/others/others-keys.ts';
import {typingAction} from './typing/typing.ts';

export type Pane = 'gpus' | 'boxes' | 'side';
type Side = 'log';

/** What is asked before it is done: about a box, or what a project asks for. */
export type Question =
	| BoxQuestion
	| TrustQuestion
	| TaskQuestion
	| BulkQuestion
	| (Armed & SignalQuestion)
	| ContainerQuestion
	| FixQuestion
	| (Armed & OwnQuestion);

/** Whether `y` was pressed: Enter then says yes, and every other key takes it back. Typed words are no answer. */
type Armed = {armed?: true};

/**
`use` is what uses the box, in words, empty when nothing does; undefined until that is known. `kernels` are those to shut down; `idle` is
for how long each did nothing.
*/
type BoxQuestion = Armed & {boxId: string; name: string; owner: string; mine: boolean} & (
		| {what: 'remove' | 'stop' | 'restart'; use?: string}
		| {what: 'free'; kernels: Array<{id: string; idle: string}>}
	);

/** Takes a screen of its own. `top` is the first line shown. */
export type TrustQuestion = Armed & {what: 'trust'; title: string; lines: string[]; question: string; top: number};

/** Tasks that a key would end: the newest, or with the session all of them. */
type TaskQuestion = Armed & {what: 'cancel' | 'quit'; tasks: string[]};

/** About a container that is not a box. `owner` says in words whose it is, as far as that is known. */
type ContainerQuestion = Armed & {
	what: 'container';
	does: ContainerDeed;
	id: string;
	name: string;
	owner: string;
};

/** How far the tour of the demo host is. */
export type TourState = {shown: boolean; step: number; part: number};

/** What the user looks at. Boxes and GPUs are named by id: their places in the lists change. */
export type View = {
	screen: 'main' | 'help' | 'setup' | 'gpu' | 'box' | 'log' | 'doctor' | ListName;
	/** The screen to go back to from the help. */
	behindHelp: Exclude<View['screen'], 'help'>;
	/** The same for a screen that is opened from anywhere. */
	behindAside: Exclude<View['screen'], 'help'>;
	focus: Pane;
	side: Side;
	/** The box chosen; when it is gone, the first one is. */
	boxId: string | undefined;
	gpuUuid: string | undefined;
	/** What the user made of each list that has a screen. */
	lists: Lists;
	setup: SetupView;
	/** The terminal reports the mouse. */
	mouse: boolean;
	doctor: DoctorView;
	/** The setting that is being changed. */
	config: ConfigEdit | undefined;
	/** On the screen of one GPU or box. */
	inspect: InspectView;
	/** Open, it takes the keys: what can be done, to be found by typing. */
	palette: PaletteView | undefined;
	/** The same for a short list to choose from. */
	menu: MenuView | undefined;
	/** What a command of the user's own asks for. */
	own: OwnView | undefined;
	/** Ids of the marked boxes. */
	marks: readonly string[];
	/** The pane that has the whole of the main screen. */
	zoom: Exclude<Pane, 'side'> | undefined;
	/** The first line of the help shown. */
	helpTop: number;
	log: LogView;
	/** The container whose log is the whole screen in place of that of the chosen box. */
	logOf: LoggedContainer | undefined;
	/** Ids of containers of others whose logs the user was asked about. */
	readable: readonly string[];
	/** What is asked before it is done. */
	asking: Question | undefined;
	/** On the demo host: how far the tour is. */
	tour: TourState | undefined;
};

function isSame(a: View, b: View, beside?: keyof View): boolean {
	return (
		a === b || (Object.keys({...a, ...b}) as Array<keyof View>).every((key) => key === beside || a[key] === b[key])
	);
}

/** Whether both show the same but for the GPU that is chosen, of which only the GPUs tell. */
export function isSameBesideGpu(a: View, b: View): boolean {
	return isSame(a, b, 'gpuUuid');
}

export const firstView: View = {
	screen: 'main',
	behindHelp: 'main',
	behindAside: 'main',
	focus: 'boxes',
	side: 'log',
	boxId: undefined,
	gpuUuid: undefined,
	lists: newLists,
	setup: startOf({}),
	mouse: false,
	doctor: firstDoctor,
	config: undefined,
	inspect: firstInspect,
	palette: undefined,
	menu: undefined,
	own: undefined,
	marks: [],
	zoom: undefined,
	helpTop: 0,
	log: firstLogView,
	logOf: undefined,
	readable: [],
	asking: undefined,
	tour: undefined,
};

/** One member for each type of a union. */
type Of<T extends string, Rest = unknown> = T extends string ? {type: T} & Rest : never;

/** What a key asks for that needs nothing of the view and changes nothing in it: the same action is the effect. */
type PlainEffect = Of<'cancel' | 'quit' | 'suspend' | 'dismiss'>;

/** The same, after a question where a task would end with it. */
type EndingAction = Of<'ask-cancel' | 'ask-quit'>;

type BoxAction =
	| {type: 'attach' | 'open' | 'find-idle-kernels' | 'stop-or-start' | 'ask-remove' | 'ask-restart' | 'mark'}
	| {type: 'show'; side: Side}
	| {type: 'select-box'; by: number};

type ImageAction = {type: 'images' | 'pull-image' | 'up-with-image'};

type HelpAction = {type: 'help' | 'back'} | {type: 'scroll-help'; by: number};

type QuestionAction = {type: 'answer'; yes: boolean} | {type: 'arm' | 'disarm'} | {type: 'scroll-question'; by: number};

type MainAction = {type: 'up' | 'demo' | 'zoom' | 'mouse'} | {type: 'focus' | 'select-gpu'; by: number};

type OverlayAction =
	| {type: 'palette'; does: PaletteAction}
	| {type: 'menu'; does: MenuAction}
	| {type: 'copy-menu' | 'commands' | 'events'};

/** What a key asks for. */
export type Action =
	| PlainEffect
	| EndingAction
	| BoxAction
	| ImageAction
	| HostAction
	| InspectAction
	| {type: 'list'; does: ListAction}
	| ContainerAction
	| HelpAction
	| QuestionAction
	| MainAction
	| {type: 'setup'; does: SetupAction}
	| {type: 'doctor'; does: DoctorAction}
	| {type: 'config'; does: ConfigAction}
	| {type: 'type'; typed: Typed}
	| {type: 'log'; does: LogAction}
	| {type: 'scroll'; by: number; unit: 'line' | 'page'}
	| {type: 'zoom-log'}
	| OverlayAction
	| OwnAction
	| OthersAction
	| {type: 'tour'}
	| {type: 'tour-step'; by: number};

/** The facts that the meaning of a key depends on. */
export type Situation = HostSituation & {
	boxes: Array<{id: string; name: string; owner: string; mine: boolean; running: boolean}>;
	/** Ids of those that the main screen lists, in its order; undefined for all of them. */
	listed?: string[] | undefined;
	gpuUuids: string[];
	/** The user's running box that holds the chosen GPU. */
	holder: () => {id: string; name: string; owner: string} | undefined;
	/** Why a key does nothing now. */
	refusal: (action: Action) => string | undefined;
	/** Panes that are on the screen now. */
	panes: Pane[];
	/** What runs, the newest first. */
	tasks: Array<{title: string; cancellable: boolean}>;
	/** Whether the demo host is offered. */
	demoOffered: boolean;
	/** What is on the screen of a list. Computed only where it is needed, as is the next. */
	list: () => ListSituation;
	container: () => ContainerSituation | undefined;
	/** The box whose log takes a yes before it is shown, where that is so of the one chosen. */
	unread: () => UnreadLog | undefined;
	/** What the user's own commands can be given. */
	own: () => OwnValues;
	/** The name of the chosen image. Computed only where it is needed. */
	chosenImage: () => string | undefined;
	/** Lines of the palette, the best match first. Computed only where it is needed, as the next. */
	palette: (view: View) => Array<PaletteItem<Action>>;
	setup: () => SetupSituation;
	doctor: () => DoctorSituation;
	/** Of the chosen row on the screen of settings. */
	setting: () => OwnSetting | undefined;
	inspect: () => Omit<InspectSituation, 'gpuUuids'>;
	/** How far the help can be scrolled. */
	lastHelpTop: number;
	/** The same for the question that has a screen. */
	lastQuestionTop: number;
	log: LogSituation;
};

/** What to do in addition to changing the view. */
export type Effect =
	| PlainEffect
	| Of<'demo' | 'load-images'>
	| Of<'mouse', {on: boolean}>
	| Of<'up', {image?: string; wait?: true; folder?: string}>
	| Of<'attach' | 'open' | 'stop' | 'start' | 'restart' | 'remove' | 'find-use' | 'find-idle-kernels', {boxId: string}>
	| Of<'find-copies', {about: CopyAbout}>
	| BulkEffect
	| MenuEffect
	| OwnEffect
	| PaletteEffect
	| Of<'free', {boxId: string; kernels: string[]}>
	| Of<'trust', {yes: boolean}>
	| Of<'pull-image' | 'up-with-image', {image: string}>
	| SetupEffect
	| DoctorEffect
	| ConfigEffect
	| InspectEffect
	| {type: 'log'; does: LogEffect}
	| HostEffect
	| ContainerEffect;

/**
The box a key is about: the one chosen, or else that at its place in the list.

@param shown those that the main screen lists; on other screens the filter there hides nothing
*/
export function chosenBox<B extends {id: string}>(
	{screen, behindHelp, boxId, lists}: View,
	boxes: readonly B[],
	shown: readonly B[] = boxes,
): B | undefined {
	const isListed = (screen === 'help' ? behindHelp : screen) === 'main';
	return (
		(isListed ? shown : boxes).find(({id}) => id === boxId) ?? shown[Math.min(lists.boxes.place, shown.length - 1)]
	);
}

/** Those that the main screen lists. */
function listedBoxes({boxes, listed}: Situation): Situation['boxes'] {
	return listed === undefined ? boxes : listed.flatMap((id) => boxes.find((box) => box.id === id) ?? []);
}

type Reduced = {view: View; effects: Effect[]};

type Reducer<A extends Action = Action> = (view: View, action: A, situation: Situation) => Reduced;
type ReducerTable = {[A in Action as A['type']]: Reducer<A>};

const asItIs: Reducer<PlainEffect> = (view, action) => ({view, effects: [action]});
// The tour follows every key on its own.
const nothing = (view: View): Reduced => ({view, effects: []});
const asHelp: Reducer<HelpAction> = (view, action, situation) => ({
	view: reduceHelp(view, action, situation),
	effects: [],
});
const onHosts: Reducer<HostAction> = (view, action, situation) => {
	const {change, effects} = reduceHosts(action, {...situation, busy: situation.tasks.length > 0});
	return {view: {...view, ...change}, effects};
};
const onInspected: Reducer<InspectAction> = (view, action, situation) => {
	const {gpuUuids} = situation;
	const {change, effects} = reduceInspect(view, action, {...situation.inspect(), gpuUuids});
	return {view: {...view, ...change}, effects};
};

const onOwn: Reducer<OwnAction> = (view, action, situation) => {
	const reason = situation.refusal(action);
	if (reason !== undefined) {
		return refused(view, reason);
	}

	const {own, asking, effects} = reduceOwn(view.own, action, situation.own);
	return {view: {...view, own, ...(asking && {asking})}, effects};
};

/** What each action does. */
const reducers: ReducerTable = {
	cancel: asItIs,
	quit: asItIs,
	suspend: asItIs,
	dismiss: reduceDismiss,
	palette: reduceOverlays,
	menu: reduceOverlays,
	'own-command': onOwn,
	'own-prompt': onOwn,
	'copy-menu': reduceOverlays,
	commands: reduceOverlays,
	events: reduceOverlays,
	'ask-cancel': reduceEnding,
	'ask-quit': reduceEnding,
	tour: nothing,
	'tour-step': nothing,
	attach: reduceBoxes,
	open: reduceBoxes,
	'find-idle-kernels': reduceBoxes,
	'stop-or-start': reduceBoxes,
	'ask-remove': reduceBoxes,
	'ask-restart': reduceBoxes,
	mark: reduceBoxes,
	show: reduceBoxes,
	'select-box': reduceBoxes,
	images: reduceImages,
	'pull-image': reduceImages,
	'up-with-image': reduceImages,
	hosts: onHosts,
	'go-to-host': onHosts,
	return: onHosts,
	'open-gpu': onInspected,
	'open-box': (view, action, situation) =>
		chosenBox(view, situation.boxes, listedBoxes(situation)) === undefined
			? reduceBoxes(view, {type: 'open'}, situation)
			: onInspected(view, action, situation),
	'scroll-box': onInspected,
	'leave-inspect': onInspected,
	'change-span': onInspected,
	'move-cursor': onInspected,
	'select-process': onInspected,
	'ask-signal': onInspected,
	list: reduceList,
	container: reduceContainer,
	help: asHelp,
	back: asHelp,
	'scroll-help': asHelp,
	answer: reduceQuestion,
	arm: reduceQuestion,
	disarm: reduceQuestion,
	'scroll-question': reduceQuestion,
	type(view, {typed}, situation) {
		const typing = typingAction(view, typed);
		return typing === undefined ? {view, effects: []} : reduce(view, typing, situation);
	},
	setup(view, {does}, situation) {
		const {setup, screen = 'setup', effects} = reduceSetup(view.setup, does, situation.setup());
		return {view: {...view, setup, screen}, effects};
	},
	config(view, action, {setting, refusal}) {
		const {does} = action;
		const reason = refusal(action);
		if (reason !== undefined) {
			return refused(view, reason);
		}

		const {config, screen, effects} = reduceConfig(view.config, does, setting());
		return {view: {...withAside(view, screen), config}, effects};
	},
	doctor(view, action, situation) {
		const {does} = action;
		// The other keys only show and look again.
		const reason = does.what === 'ask-fix' ? situation.refusal(action) : undefined;
		if (reason !== undefined) {
			return refused(view, reason);
		}

		const {doctor, asking = view.asking, screen, effects} = reduceDoctor(view.doctor, does, situation.doctor());
		return {view: {...withAside(view, screen), doctor, asking}, effects};
	},
	log: reduceLogOf,
	scroll: (view, action, situation) =>
		view.side === 'log' ? reduceLogOf(view, action, situation) : {view, effects: []},
	'zoom-log'(view, _, {panes, unread}) {
		const log = view.screen === 'log' ? undefined : unread();
		if (log !== undefined) {
			return {view: askForLog(view, log), effects: []};
		}

		// Where the log takes the place of the boxes, these come back.
		const focus = panes.includes('side') ? view.focus : 'boxes';
		return {
			view:
				view.screen === 'log'
					? {...view, screen: view.logOf?.back ?? 'main', focus}
					: {...view, screen: 'log', side: 'log'},
			effects: [],
		};
	},
	'queue-up': reduceOthers,
	'hand-back': reduceOthers,
	'begin-command': reduceOthers,
	up: reduceMain,
	mouse: reduceMain,
	demo: reduceMain,
	zoom: reduceMain,
	focus: reduceMain,
	'select-gpu': reduceMain,
};

/** What a key does: the view after it, and the effects it starts. */
export function reduce(view: View, action: Action, situation: Situation): Reduced {
	const run = reducers[action.type] as Reducer;
	const {view: next, effects} = run(view, action, situation);
	const reason = effects.length === 0 && isSame(view, next) ? whyNothing(view, action, situation) : undefined;
	if (reason !== undefined) {
		return refused(view, reason);
	}

	return {view: withoutOldLog(withShownBox(next, view, situation)), effects};
}

/** Why a key that did nothing did so. A question has the lines that would tell it. */
function whyNothing({asking}: View, action: Action, {refusal}: Situation): string | undefined {
	return asking === undefined ? refusal(action) : undefined;
}

/** Another screen that is about a box is about the one that was shown as chosen, also where that is not the one chosen by hand. */
function withShownBox(next: View, before: View, situation: Situation): View {
	const isOther = next.screen !== 'main' && before.screen === 'main' && next.boxId === before.boxId;
	return isOther && situation.listed !== undefined
		? {...next, boxId: chosenBox(before, situation.boxes, listedBoxes(situation))?.id}
		: next;
}

function withoutOldLog(view: View): View {
	return isLogShown(view) || view.logOf === undefined ? view : {...view, logOf: undefined, log: atAnotherLog(view.log)};
}

/** Also below the help, and below a screen that leads back to it. */
function isLogShown({screen, behindHelp, behindAside}: View): boolean {
	const below = screen === 'help' ? behindHelp : screen;
	return (isAside(below) ? behindAside : below) === 'log';
}

/** The log of a container as the whole screen, until one leaves it. */
function readLog(view: View, {id, name}: {id: string; name: string}): View {
	const back = isListName(view.screen) || view.screen === 'box' ? view.screen : 'containers';
	const readable = view.readable.includes(id) ? view.readable : [...view.readable, id];
	return {...view, screen: 'log', side: 'log', logOf: {id, name, back}, readable, log: atAnotherLog(view.log)};
}

function askForLog(view: View, {id, name, owner}: UnreadLog): View {
	return {...view, zoom: undefined, asking: {what: 'container', does: 'read', id, name, owner: `owner: ${owner}`}};
}

/** What may still be done to a log that is not shown: leaving what was begun on the one before. */
const leavesLog: ReadonlySet<LogAction['what']> = new Set(['leave', 'clear', 'insert', 'edit']);

function reduceLogOf(view: View, action: Extract<Action, {type: 'log' | 'scroll'}>, situation: Situation): Reduced {
	const does: LogAction = action.type === 'log' ? action.does : {what: 'scroll', by: action.by, unit: action.unit};
	if (situation.unread() !== undefined && !leavesLog.has(does.what)) {
		return refused(view, situation.refusal(action) ?? '');
	}

	const {log, effects} = reduceLog(view.log, does, situation.log);
	return {view: log === view.log ? view : {...view, log}, effects: effects.map((each) => ({type: 'log', does: each}))};
}

/** Goes back by one: what lies over the panes first, then the filter, the marks, then the message. */
function reduceDismiss(view: View, _: Action, situation: Situation): Reduced {
	if (view.zoom !== undefined) {
		return {view: {...view, zoom: undefined}, effects: []};
	}

	if (textOf(view.lists.boxes.filter) !== '') {
		const shown = listedBoxes(situation);
		const boxId = chosenBox(view, situation.boxes, shown)?.id ?? view.boxId;
		const boxes = withoutFilter(view.lists.boxes, shown);
		return {view: {...view, boxId, lists: {...view.lists, boxes}}, effects: []};
	}

	return view.marks.length > 0 ? {view: {...view, marks: []}, effects: []} : {view, effects: [{type: 'dismiss'}]};
}

/** What lies over a screen, and the command log. */
function reduceOverlays(view: View, action: OverlayAction, situation: Situation): Reduced {
	switch (action.type) {
		case 'palette': {
			const {palette, action: taken, effects} = reducePalette(view.palette, action.does, () => situation.palette(view));
			const next = {...view, palette};
			return taken === undefined ? {view: next, effects} : reduce(next, taken, situation);
		}

		case 'menu': {
			const {menu, effects} = reduceMenu(view.menu, action.does);
			return {view: {...view, menu}, effects};
		}

		case 'copy-menu': {
			const about = aboutToCopy(view, situation);
			return about === undefined
				? {view, effects: []}
				: {
						view: {...view, menu: {title: 'Copy', items: undefined, cursor: 0}},
						effects: [{type: 'find-copies', about}],
					};
		}

		case 'commands':
		case 'events': {
			const {type} = action;
			// From its newest line on, whatever was looked for when it was last open.
			return {view: {...withAside(view, type), lists: {...view.lists, [type]: newLists[type]}}, effects: []};
		}
	}
}

/** With another box chosen. */
function withBox(view: View, boxes: Situation['boxes'], boxId: string | undefined): View {
	const place = Math.max(
		0,
		boxes.findIndex(({id}) => id === boxId),
	);
	const lists = {...view.lists, boxes: {...view.lists.boxes, place}};
	return {...view, boxId, lists, log: atAnotherLog(view.log)};
}

function reduceBoxes(view: View, action: BoxAction, situation: Situation): Reduced {
	const {panes} = situation;
	const boxes = listedBoxes(situation);
	const box = chosenBox(view, situation.boxes, boxes);
	if (action.type === 'select-box') {
		const ids = boxes.map(({id}) => id);
		const id = step(ids, box?.id, action.by);
		return {view: id === box?.id ? view : withBox(view, boxes, id), effects: []};
	}

	if (box === undefined) {
		const none = {type: 'say', text: 'There is no box yet', fix: 'u starts one for this folder'} as const;
		const noneFound = {type: 'say', text: 'The filter finds no box', fix: 'Esc shows all of them'} as const;
		return {view, effects: [situation.boxes.length === 0 ? none : noneFound]};
	}

	// The marks are those of the list: a box's own screen is about that box.
	const marked = view.screen === 'box' ? [] : markedOf(view.marks, boxes);
	if (action.type === 'mark') {
		const next = boxes[Math.min(boxes.length - 1, boxes.indexOf(box) + 1)] ?? box;
		return {view: withBox({...view, marks: withMark(view.marks, box.id)}, boxes, next.id), effects: []};
	}

	const deed = bulkDeeds[action.type];
	if (marked.length > 0 && deed !== undefined) {
		const {asking, effects} = bulk(deed, marked);
		return {view: {...view, asking}, effects};
	}

	const {id: boxId, name, owner, mine, running} = box;
	switch (action.type) {
		case 'attach':
		case 'find-idle-kernels':
		case 'open': {
			const {type} = action;
			return {
				view,
				effects: [running ? {type, boxId} : {type: 'say', text: `${name} is stopped`, fix: 's starts it'}],
			};
		}

		case 'stop-or-start': {
			// No work is ended by one key.
			return running
				? {view: {...view, asking: {what: 'stop', boxId, name, owner, mine}}, effects: [{type: 'find-use', boxId}]}
				: {view, effects: [{type: 'start', boxId}]};
		}

		case 'ask-restart': {
			// A stopped one has nothing to lose: it is only started.
			return running
				? {view: {...view, asking: {what: 'restart', boxId, name, owner, mine}}, effects: [{type: 'find-use', boxId}]}
				: {view, effects: [{type: 'start', boxId}]};
		}

		case 'ask-remove': {
			return running
				? {view: {...view, asking: {what: 'remove', boxId, name, owner, mine}}, effects: [{type: 'find-use', boxId}]}
				: {view: {...view, asking: {what: 'remove', boxId, name, owner, mine, use: ''}}, effects: []};
		}

		case 'show': {
			const {side} = action;
			const unread = situation.unread();
			if (unread !== undefined) {
				return {view: askForLog(view, unread), effects: []};
			}

			// Without room beside the boxes it takes their place, until the same key or Tab returns to them.
			const takesPlace = panes.length > 0 && !panes.includes('side');
			const isThere = view.focus === 'side' && view.side === side;
			// The log that is there already becomes the whole screen.
			if (side === 'log' && view.side === 'log' && (isThere || !takesPlace)) {
				return {view: {...view, screen: 'log'}, effects: []};
			}

			const focus = !takesPlace ? view.focus : isThere ? 'boxes' : 'side';
			return {view: {...view, side, focus, zoom: undefined}, effects: []};
		}
	}
}

/** @param reason as in `whyNot` */
function refused(view: View, reason: string): Reduced {
	return {view, effects: [{type: 'say', text: `This does nothing here: ${reason}`, fix: '? says what a key does'}]};
}

/** What is done about GPUs that several users share. */
function reduceOthers(view: View, action: OthersAction, situation: Situation): Reduced {
	const reason = situation.refusal(action);
	if (reason !== undefined) {
		return refused(view, reason);
	}

	switch (action.type) {
		case 'queue-up': {
			return {view: {...view, screen: 'main'}, effects: [{type: 'up', wait: true}]};
		}

		case 'hand-back': {
			const box = situation.holder();
			return box === undefined
				? {view, effects: []}
				: {
						view: {...view, asking: {what: 'stop', boxId: box.id, name: box.name, owner: box.owner, mine: true}},
						effects: [{type: 'find-use', boxId: box.id}],
					};
		}

		case 'begin-command': {
			const box = chosenBox(view, situation.boxes, listedBoxes(situation));
			return box === undefined
				? {view, effects: []}
				: {view: {...view, palette: beginCommand(action.verb, box.name)}, effects: [{type: 'load-verbs'}]};
		}
	}
}

/** On a box the same as on the main screen. */
function reduceContainer(view: View, {does}: ContainerAction, situation: Situation): Reduced {
	const container = situation.container();
	if (container === undefined) {
		return {view, effects: []};
	}

	if (does === 'log') {
		const asking = askToRead(container, view.readable);
		return {view: asking === undefined ? readLog(view, container) : {...view, asking}, effects: []};
	}

	if (container.box) {
		// The marks are those of the list of boxes.
		const all = {...situation, listed: undefined};
		const reduced = reduceBoxes({...view, marks: [], boxId: container.id}, {type: does}, all);
		return {...reduced, view: {...reduced.view, marks: view.marks}};
	}

	const {asking, effects} = askAboutContainer(does, container);
	return {view: asking === undefined ? view : {...view, asking}, effects};
}

/** What the key does to the marked boxes, where there are any. */
const bulkDeeds: Partial<Record<BoxAction['type'], 'stop-or-start' | 'remove' | 'restart'>> = {
	'stop-or-start': 'stop-or-start',
	'ask-remove': 'remove',
	'ask-restart': 'restart',
};

/** What the key to copy is about: what is chosen where the keyboard is. */
function aboutToCopy(view: View, situation: Situation): CopyAbout | undefined {
	const {boxes, gpuUuids, hosts} = situation;
	if (view.screen === 'images') {
		const reference = situation.chosenImage();
		return reference === undefined ? undefined : {kind: 'image', reference};
	}

	if (view.screen === 'hosts') {
		const chosen = situation.chosenHost();
		const host = hosts.find(({name}) => name === chosen);
		return host && {kind: 'host', name: host.name, address: host.address};
	}

	if (isListName(view.screen)) {
		const container = situation.container();
		return (
			container &&
			(container.box ? {kind: 'box', boxId: container.id} : {kind: 'container', id: container.id, name: container.name})
		);
	}

	const uuid = gpuUuids.find((each) => each === view.gpuUuid) ?? gpuUuids[0];
	const isGpu = view.screen === 'gpu' || (view.screen !== 'box' && view.focus === 'gpus');
	if (isGpu && uuid !== undefined) {
		return {kind: 'gpu', uuid};
	}

	const box = chosenBox(view, boxes, listedBoxes(situation));
	return box && {kind: 'box', boxId: box.id};
}

function reduceImages(view: View, {type}: ImageAction, {chosenImage}: Situation): Reduced {
	if (type === 'images') {
		return {view: {...view, screen: 'images'}, effects: [{type: 'load-images'}]};
	}

	const image = chosenImage();
	if (image === undefined) {
		return {view, effects: []};
	}

	// What a box is doing is shown beside the boxes.
	return {view: type === 'up-with-image' ? {...view, screen: 'main'} : view, effects: [{type, image}]};
}

type Aside = 'events' | 'commands' | 'doctor' | 'settings';

/** One opened from another, or from the help over them, goes back to what was below: no circle. @param screen undefined to stay */
function withAside(view: View, screen: Aside | undefined): View {
	if (screen === undefined) {
		return view;
	}

	const below = view.screen === 'help' ? view.behindHelp : view.screen;
	return {...view, screen, behindAside: isAside(below) ? view.behindAside : below};
}

/** Screens that are opened from anywhere, and lead back to there. */
const asides: ReadonlySet<View['screen']> = new Set(['events', 'commands', 'doctor', 'settings'] satisfies Aside[]);

function isAside(screen: View['screen']): boolean {
	return asides.has(screen);
}

function behindOf({screen, behindHelp, behindAside}: View): View['screen'] {
	return screen === 'help' ? behindHelp : isAside(screen) ? behindAside : 'main';
}

/** The line that is typed into stands above the boxes, also where the GPUs had the whole screen. */
function boxesShown({zoom}: View): Pick<View, 'focus' | 'zoom'> {
	return {focus: 'boxes', zoom: zoom === 'gpus' ? undefined : zoom};
}

/** A key on a list. Where the list is a part of its screen, the row chosen is not in the list's own state. */
function reduceList(view: View, {does}: Extract<Action, {type: 'list'}>, situation: Situation): Reduced {
	if (does.type === 'select-row' && view.screen === 'main') {
		return reduceBoxes(view, {type: 'select-box', by: does.by}, situation);
	}

	if (does.type === 'select-row' && view.screen === 'doctor') {
		const choose = {what: 'choose', by: does.by} as const;
		return {view: {...view, ...reduceDoctor(view.doctor, choose, situation.doctor())}, effects: []};
	}

	const {left, copied, ...change} = reduceLists(view, does, situation.list);
	const opens = view.screen === 'main' && does.type === 'filter' && does.does === 'open';
	const next: View = {...view, ...change, ...(opens ? boxesShown(view) : {})};
	if (left) {
		return {view: {...next, screen: behindOf(view)}, effects: []};
	}

	// What the filter left at its place stays chosen.
	const clears = does.type === 'leave-list' && view.screen === 'doctor';
	return {
		view: clears ? {...next, doctor: keepChosen(view.doctor, situation.doctor())} : next,
		effects: copied === undefined ? [] : [{type: 'copy', label: copied, value: copied}],
	};
}

function reduceHelp(view: View, action: HelpAction, {lastHelpTop}: Situation): View {
	switch (action.type) {
		case 'help': {
			return view.screen === 'help'
				? {...view, screen: view.behindHelp}
				: {...view, screen: 'help', behindHelp: view.screen, helpTop: 0};
		}

		case 'back': {
			return {...view, screen: behindOf(view)};
		}

		case 'scroll-help': {
			return {...view, helpTop: Math.min(lastHelpTop, Math.max(0, view.helpTop + action.by))};
		}
	}
}

function reduceQuestion(view: View, action: QuestionAction, {lastQuestionTop, panes}: Situation): Reduced {
	const {asking} = view;
	if (asking === undefined) {
		return {view, effects: []};
	}

	const {armed, ...rest} = asking;
	switch (action.type) {
		case 'answer': {
			const counts = !action.yes || armed === true;
			return counts
				? {
						view: {...answered(view, asking, action.yes, panes), asking: undefined},
						effects: effectsOf(asking, action.yes),
					}
				: {view, effects: []};
		}

		case 'arm': {
			return {view: isComplete(asking) ? {...view, asking: {...asking, armed: true}} : view, effects: []};
		}

		case 'disarm': {
			return {view: armed ? {...view, asking: rest as Question} : view, effects: []};
		}

		case 'scroll-question': {
			if (!('top' in asking)) {
				return {view, effects: []};
			}

			const top = Math.min(lastQuestionTop, Math.max(0, asking.top + action.by));
			return {view: {...view, asking: {...asking, top}}, effects: []};
		}
	}
}

/** What the answer changes in the view beside closing the question. */
function answered(view: View, asked: Question, yes: boolean, panes: readonly Pane[]): View {
	if (!yes) {
		return view;
	}

	if (asked.what === 'container' && asked.does === 'read') {
		return view.screen === 'main' ? showLog(view, asked.id, panes) : readLog(view, asked);
	}

	return asked.what === 'signal' ? {...view, inspect: withEnded(view.inspect, asked.target)} : view;
}

/** The log of the chosen box in its pane, now that the user agreed to it. */
function showLog(view: View, id: string, panes: readonly Pane[]): View {
	const focus = panes.includes('side') ? view.focus : 'side';
	return {...view, readable: [...view.readable, id], side: 'log', focus, log: atAnotherLog(view.log)};
}

/** Whether the question says all that is to be agreed to; before that it cannot be answered with yes. */
export function isComplete(asked: Question): boolean {
	if (asked.what === 'bulk') {
		return asked.uses !== undefined;
	}

	return !('boxId' in asked) || asked.what === 'free' || asked.use !== undefined;
}

function reduceEnding(view: View, {type}: EndingAction, {tasks}: Situation): Reduced {
	const ends = type === 'ask-cancel' ? tasks.filter(({cancellable}) => cancellable).slice(0, 1) : tasks;
	const what = type === 'ask-cancel' ? 'cancel' : 'quit';
	return ends.length === 0
		? {view, effects: [{type: what}]}
		: {
				// The help has no line for a question.
				view: {
					...view,
					screen: view.screen === 'help' ? view.behindHelp : view.screen,
					asking: {what, tasks: ends.map(({title}) => title)},
				},
				effects: [],
			};
}

function reduceMain(view: View, action: MainAction, situation: Situation): Reduced {
	switch (action.type) {
		case 'up': {
			// What a box is doing is shown beside the boxes.
			return {view: {...view, screen: 'main'}, effects: [{type: 'up'}]};
		}

		case 'demo': {
			return {view, effects: situation.demoOffered ? [{type: 'demo'}] : []};
		}

		case 'zoom': {
			const zoom = view.focus === 'side' || view.zoom === view.focus ? undefined : view.focus;
			return {view: {...view, zoom}, effects: []};
		}

		case 'focus': {
			const {panes} = situation;
			const place = Math.max(0, panes.indexOf(view.focus));
			const focus = panes[(place + action.by + panes.length) % panes.length] ?? view.focus;
			// The next pane is shown beside the others again.
			return {view: {...view, focus, zoom: undefined}, effects: []};
		}

		case 'mouse': {
			return {view, effects: [{type: 'mouse', on: !view.mouse}]};
		}

		case 'select-gpu': {
			const uuid = step(situation.gpuUuids, view.gpuUuid, action.by);
			return {view: uuid === view.gpuUuid ? view : {...view, gpuUuid: uuid}, effects: []};
		}
	}
}

/** What an answer does. */
function effectsOf(asked: Question, yes: boolean): Effect[] {
	if (asked.what === 'trust') {
		return [{type: 'trust', yes}];
	}

	if (!yes) {
		return [];
	}

	if (asked.what === 'fix') {
		return [{type: 'run-fix', id: asked.id, command: asked.command}];
	}

	if (asked.what === 'own') {
		return [{type: 'run-own', call: asked.call}];
	}

	if (asked.what === 'container') {
		const {does} = asked;
		// That is all in the view.
		return does === 'read' ? [] : [deedOf({...asked, does})];
	}

	if ('tasks' in asked) {
		return [{type: asked.what}];
	}

	if (asked.what === 'signal') {
		return [{type: 'signal', send: asked.send, target: asked.target}];
	}

	if (asked.what === 'bulk') {
		return [{type: 'bulk', deed: asked.deed, boxIds: asked.boxes.map(({id}) => id)}];
	}

	const {boxId} = asked;
	return asked.what === 'free'
		? [{type: 'free', boxId, kernels: asked.kernels.map(({id}) => id)}]
		: [{type: asked.what, boxId}];
}

function step(ids: string[], current: string | undefined, by: number): string | undefined {
	const place = current === undefined ? -1 : ids.indexOf(current);
	// With nothing chosen yet, the first key chooses what is nearest to where it points.
	const target = place === -1 ? (by > 0 ? 0 : ids.length - 1) : place + by;
	return ids[Math.min(ids.length - 1, Math.max(0, target))];
}
