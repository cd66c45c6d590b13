import type {LogPosition} from './log/log-buffer.ts';
import {
	reduceSetup,
	type SetupAction,
	type SetupEffect,
	type SetupSituation,
	type SetupView,
	startOf,
} from './setup/setup.ts';

export type Pane = 'gpus' | 'boxes' | 'side';
type Side = 'log' | 'detail';

/** What is asked before it is done: about a box, or what a project asks for. */
export type Question = BoxQuestion | TrustQuestion;

/** `kernels` are those to be shut down; `idle` says for how long each did nothing. */
export type BoxQuestion = {boxId: string; name: string; owner: string; mine: boolean} & (
	| {what: 'remove' | 'stop'}
	| {what: 'free'; kernels: Array<{id: string; idle: string}>}
);

/** Takes a screen of its own. `top` is the first line shown. */
export type TrustQuestion = {what: 'trust'; title: string; lines: string[]; question: string; top: number};

/** How far a person is with the tour of the made-up host. */
export type TourState = {shown: boolean; step: number; part: number};

/** What a person looks at. Boxes and GPUs are named by id: their places in the lists change. */
export type View = {
	screen: 'main' | 'help' | 'images' | 'setup';
	/** The screen to go back to from the help. */
	behindHelp: 'main' | 'images' | 'setup';
	focus: Pane;
	side: Side;
	/** The box chosen; when it is gone, the first one is. */
	boxId: string | undefined;
	gpuUuid: string | undefined;
	imageIndex: number;
	setup: SetupView;
	/** The first line of the help shown. */
	helpTop: number;
	/** The first line of the log shown. */
	logPosition: LogPosition;
	/** What is asked before it is done. */
	asking: Question | undefined;
	/** On the made-up host: how far the tour is. */
	tour: TourState | undefined;
};

export const firstView: View = {
	screen: 'main',
	behindHelp: 'main',
	focus: 'boxes',
	side: 'log',
	boxId: undefined,
	gpuUuid: undefined,
	imageIndex: 0,
	setup: startOf({}),
	helpTop: 0,
	logPosition: 'follow',
	asking: undefined,
	tour: undefined,
};

/** One member for each type of a union. */
type Of<T extends string, Rest = unknown> = T extends string ? {type: T} & Rest : never;

/** What a key asks for that needs nothing of the view and changes nothing in it: the same action is the effect. */
type PlainEffect = Of<'cancel' | 'quit' | 'suspend' | 'dismiss'>;

/** What a key asks for. */
export type Action =
	| PlainEffect
	| {type: 'attach' | 'open' | 'find-idle-kernels'}
	| {type: 'pull-image' | 'up-with-image'}
	| {
			type: 'up' | 'tour' | 'stop-or-start' | 'ask-remove' | 'demo' | 'images' | 'help' | 'back';
	  }
	| {type: 'show'; side: Side}
	| {type: 'focus' | 'select-gpu' | 'select-box' | 'select-image' | 'scroll-help' | 'tour-step'; by: number}
	| {type: 'scroll'; by: number; unit: 'line' | 'page'}
	| {type: 'answer'; yes: boolean}
	| {type: 'scroll-question'; by: number}
	| {type: 'setup'; does: SetupAction};

/** What of the facts a key's meaning depends on. */
export type Situation = {
	boxes: Array<{id: string; name: string; owner: string; mine: boolean; running: boolean}>;
	gpuUuids: string[];
	imageCount: number;
	/** Panes that are on the screen now. */
	panes: Pane[];
	/** Whether the made-up host is offered. */
	demoOffered: boolean;
	imagesOffered: boolean;
	/** Worked out only where it is wanted. */
	setup: () => SetupSituation;
	/** How far the help can be scrolled. */
	lastHelpTop: number;
	/** The same for the question that has a screen. */
	lastQuestionTop: number;
	/** Scrolls the log; knows how many lines there are and how high its pane is. */
	scrollLog: (position: LogPosition, by: number, unit: 'line' | 'page') => LogPosition;
};

/** What to do besides changing the view. */
export type Effect =
	| PlainEffect
	| Of<'demo' | 'load-images'>
	| Of<'up', {image?: string}>
	| Of<'attach' | 'open' | 'stop' | 'start' | 'remove' | 'find-idle-kernels', {boxId: string}>
	| Of<'free', {boxId: string; kernels: string[]}>
	| Of<'trust', {yes: boolean}>
	/** The place of the image in the list. */
	| Of<'pull-image' | 'up-with-image', {index: number}>
	| SetupEffect;

/** The box a key is about: the one chosen, or else the first. */
export function chosenBox<B extends {id: string}>(view: View, boxes: readonly B[]): B | undefined {
	return boxes.find((box) => box.id === view.boxId) ?? boxes[0];
}

/** What a key does: the view after it, and the effects it starts. */
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: older than the limit
export function reduce(view: View, action: Action, situation: Situation): {view: View; effects: Effect[]} {
	const stay = (effects: Effect[] = []) => ({view, effects});
	const show = (change: Partial<View>, effects: Effect[] = []) => ({view: {...view, ...change}, effects});
	const box = chosenBox(view, situation.boxes);
	const withBox = (then: (chosen: NonNullable<typeof box>) => ReturnType<typeof stay>) =>
		box === undefined
			? stay([{type: 'say', text: 'There is no box yet', fix: 'u starts one for this folder'}])
			: then(box);

	switch (action.type) {
		case 'cancel':
		case 'quit':
		case 'suspend':
		case 'dismiss': {
			return stay([action]);
		}

		// The tour follows every key on its own.
		case 'tour':
		case 'tour-step': {
			return stay();
		}

		case 'up': {
			// What a box is doing is told beside the boxes.
			return show({screen: 'main'}, [{type: 'up'}]);
		}

		case 'demo': {
			return stay(situation.demoOffered ? [{type: 'demo'}] : []);
		}

		case 'help': {
			return view.screen === 'help'
				? show({screen: view.behindHelp})
				: show({screen: 'help', behindHelp: view.screen, helpTop: 0});
		}

		case 'images': {
			return situation.imagesOffered ? show({screen: 'images', imageIndex: 0}, [{type: 'load-images'}]) : stay();
		}

		case 'back': {
			return show({screen: view.screen === 'help' ? view.behindHelp : 'main'});
		}

		case 'attach':
		case 'find-idle-kernels':
		case 'open': {
			const {type} = action;
			return withBox(({id, name, running}) =>
				running ? stay([{type, boxId: id}]) : stay([{type: 'say', text: `${name} is stopped`, fix: 's starts it'}]),
			);
		}

		case 'stop-or-start': {
			return withBox(({id, name, owner, mine, running}) => {
				// Somebody else's work is not ended by one key.
				return running && !mine
					? show({asking: {what: 'stop', boxId: id, name, owner, mine}})
					: stay([{type: running ? 'stop' : 'start', boxId: id}]);
			});
		}

		case 'ask-remove': {
			return withBox(({id, name, owner, mine}) => show({asking: {what: 'remove', boxId: id, name, owner, mine}}));
		}

		case 'answer': {
			const {asking} = view;
			if (asking?.what === 'trust') {
				return show({asking: undefined}, [{type: 'trust', yes: action.yes}]);
			}

			return show({asking: undefined}, action.yes && asking !== undefined ? [effectOf(asking)] : []);
		}

		case 'show': {
			return withBox(() => show({side: action.side}));
		}

		case 'focus': {
			const {panes} = situation;
			const place = Math.max(0, panes.indexOf(view.focus));
			return show({focus: panes[(place + action.by + panes.length) % panes.length] ?? view.focus});
		}

		case 'select-gpu': {
			const uuid = step(situation.gpuUuids, view.gpuUuid, action.by);
			return uuid === view.gpuUuid ? stay() : show({gpuUuid: uuid});
		}

		case 'select-box': {
			const id = step(
				situation.boxes.map((each) => each.id),
				box?.id,
				action.by,
			);
			return id === box?.id ? stay() : show({boxId: id, logPosition: 'follow'});
		}

		case 'select-image': {
			const last = Math.max(0, situation.imageCount - 1);
			return show({imageIndex: Math.min(last, Math.max(0, view.imageIndex + action.by))});
		}

		case 'pull-image':
		case 'up-with-image': {
			const {type} = action;
			const effects: Effect[] =
				situation.imageCount === 0 ? [] : [{type, index: Math.min(view.imageIndex, situation.imageCount - 1)}];
			return type === 'up-with-image' ? show({screen: 'main'}, effects) : stay(effects);
		}

		case 'setup': {
			const {setup, screen = 'setup', effects} = reduceSetup(view.setup, action.does, situation.setup());
			return show({setup, screen}, effects);
		}

		case 'scroll-question': {
			const {asking} = view;
			return asking?.what === 'trust'
				? show({
						asking: {...asking, top: Math.min(situation.lastQuestionTop, Math.max(0, asking.top + action.by))},
					})
				: stay();
		}

		case 'scroll-help': {
			return show({helpTop: Math.min(situation.lastHelpTop, Math.max(0, view.helpTop + action.by))});
		}

		case 'scroll': {
			return view.side === 'log'
				? show({logPosition: situation.scrollLog(view.logPosition, action.by, action.unit)})
				: stay();
		}
	}
}

/** What a yes does. */
function effectOf(asked: BoxQuestion): Effect {
	const {boxId} = asked;
	return asked.what === 'free'
		? {type: 'free', boxId, kernels: asked.kernels.map(({id}) => id)}
		: {type: asked.what, boxId};
}

function step(ids: string[], current: string | undefined, by: number): string | undefined {
	const place = current === undefined ? -1 : ids.indexOf(current);
	// With nothing chosen yet, the first key chooses what is nearest to where it points.
	const target = place === -1 ? (by > 0 ? 0 : ids.length - 1) : place + by;
	return ids[Math.min(ids.length - 1, Math.max(0, target))];
}
