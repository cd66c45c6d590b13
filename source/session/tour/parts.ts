import {type Box, isRunning} from '../../box/box.ts';
import {boxOf, shownBoxes} from '../state/boxes/shown-boxes.ts';
import {isComplete, type Pane, type Question, type View} from '../state/reduce.ts';
import type {Ask, Happened, Now, Part} from './tour.ts';

type Wish = {
	text: string | ((now: Now) => string);
	/** What to do once the user is at the right place. */
	ask: Ask | ((now: Now) => Ask);
	done: Part['done'];
	/** The screen it is done on; `main` by default. */
	screen?: View['screen'];
	/** The pane it is done in, where that matters. */
	pane?: Pane;
	/** The box it is done with, where that matters. */
	box?: (now: Now) => Box | undefined;
	/** A question is open, and the part is about its answer. */
	asked?: boolean;
};

const panes: Pane[] = ['gpus', 'boxes', 'side'];

/** How one comes to a screen from the main one. */
const ways: Partial<Record<View['screen'], {pane?: Pane; ask: Ask}>> = {
	gpu: {pane: 'gpus', ask: {press: {type: 'open-gpu'}, to: 'to open it again'}},
	box: {pane: 'boxes', ask: {press: {type: 'open-box'}, to: 'to open it again'}},
	log: {ask: {press: {type: 'show', side: 'log'}, to: 'to open it again'}},
	images: {ask: {press: {type: 'images'}, to: 'to see the images'}},
};

/** A part that first leads the user to where it happens. */
export function part({text, ask, done, screen = 'main', pane, box, asked = false}: Wish): Part {
	return {
		text: typeof text === 'string' ? () => text : text,
		done,
		ask(now) {
			const {view} = now;
			const wanted = box?.(now);
			const isAboutOther =
				view.asking !== undefined && 'boxId' in view.asking && wanted !== undefined && view.asking.boxId !== wanted.id;
			if (view.asking !== undefined && (!asked || isAboutOther)) {
				return {press: {type: 'answer', yes: false}, to: 'to answer no'};
			}

			if (view.palette !== undefined) {
				return {press: {type: 'palette', does: {what: 'close'}}, to: 'to close it'};
			}

			if (view.screen !== screen && view.screen !== 'main') {
				const isDetail = view.screen === 'gpu' || view.screen === 'box';
				const isPast = isDetail && view.inspect.cursorMs !== undefined;
				return {press: 'escape', to: isPast ? 'to return to now' : 'to go back'};
			}

			const way = view.screen === screen ? undefined : ways[screen];
			const lead =
				view.screen === 'main'
					? (toPane(now, wanted ? 'boxes' : (way?.pane ?? pane)) ?? toBox(now, wanted))
					: undefined;
			return lead ?? way?.ask ?? (typeof ask === 'function' ? ask(now) : ask);
		},
	};
}

/** The shorter way to a pane. A box can be selected from anywhere, so only a step on the way needs its list. */
function toPane({view}: Now, pane: Pane | undefined): Ask | undefined {
	if (pane === undefined || view.focus === pane) {
		return undefined;
	}

	const forward = (panes.indexOf(pane) - panes.indexOf(view.focus) + panes.length) % panes.length === 1;
	const names: Record<Pane, string> = {gpus: 'the GPUs', boxes: 'the boxes', side: 'the log'};
	return {press: {type: 'focus', by: forward ? 1 : -1}, to: `to go to ${names[pane]}`};
}

function toBox({facts, view}: Now, wanted: Box | undefined): Ask | undefined {
	const boxes = shownBoxes(facts, view);
	const from = boxes.findIndex(({id}) => id === boxOf({facts, view})?.id);
	const to = boxes.findIndex(({id}) => id === wanted?.id);
	if (wanted === undefined || to === -1 || to === from) {
		return undefined;
	}

	return {press: {type: 'select-box', by: to > from ? 1 : -1}, to: `until ${wanted.name} is selected`};
}

/** The way to yes, once the question says what is agreed to. */
export function sayYes(asked: Question, to: string): Ask {
	if (!isComplete(asked)) {
		return {wait: 'Wait until its use is checked'};
	}

	return asked.armed ? {press: {type: 'answer', yes: true}, to} : {press: {type: 'arm'}, to: 'for yes'};
}

export const chosen = ({facts, view}: Now): Box | undefined => boxOf({facts, view});

/** The user's running job, the newest one. */
export function myJob(now: Now): Box | undefined {
	return allRunning(now).find(({job}) => job !== undefined);
}

/** The user's running boxes without jobs, the newest first. */
export function mineRunning(now: Now): Box[] {
	return allRunning(now).filter(({job}) => job === undefined);
}

function allRunning(now: Now): Box[] {
	return now.facts.box.boxes
		.filter((box) => box.mine && isRunning(box))
		.toSorted((a, b) => b.createdAt.getTime() - a.createdAt.getTime());
}

/** The key just started this. */
export function started(happened: Happened, type: string): boolean {
	return happened?.effects.some((effect) => effect.type === type) === true;
}

/** The key just meant this. */
export function pressed(happened: Happened, type: string): boolean {
	return happened?.action.type === type;
}

/** The key just chose another row of a list. */
export function walked(happened: Happened): boolean {
	return happened?.action.type === 'list' && happened.action.does.type === 'select-row';
}

export const atWork = ({facts}: Now): boolean => facts.tasks.length > 0;
