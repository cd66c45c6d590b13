import {boxOf, shownBoxes} from '../state/boxes/shown-boxes.ts';
import {isListName} from '../state/lists/reduce-lists.ts';
import {selectList} from '../state/machine/select-lists.ts';
import type {Action, Pane} from '../state/reduce.ts';
import {type Frame, type Hit, hitTest} from './hit-test.ts';
import type {MouseEvent} from './mouse-event.ts';

/** What the mouse asks for: keys as they would be pressed, and actions before them. */
export type Pointed = {actions: Action[]; keys: string[]; hit: Hit | undefined};

/** Lines of a log, or of a text, for a step of the wheel. */
const wheelLines = 3;

const nothing: Pointed = {actions: [], keys: [], hit: undefined};

/** A press selects what is there; the wheel moves through what is below it, wherever the keyboard is. Pure. */
export function pointAt(frame: Frame, event: MouseEvent, panes: readonly Pane[]): Pointed {
	const hit = hitTest(frame, event);
	if (event.does === 'press') {
		return hit === undefined ? nothing : {...select(frame, hit, panes), hit};
	}

	const by = event.does === 'up' ? -1 : 1;
	switch (hit?.on) {
		case 'gpus': {
			return {...nothing, actions: [{type: 'select-gpu', by}]};
		}

		case 'boxes': {
			return {...nothing, actions: [{type: 'select-box', by}]};
		}

		case 'side': {
			return {...nothing, actions: [{type: 'scroll', by: by * wheelLines, unit: 'line'}]};
		}

		default: {
			const {view} = frame;
			const moves =
				view.screen === 'main' && !isOver(frame) ? 0 : isListName(view.screen) || isOver(frame) ? 1 : wheelLines;
			return {...nothing, keys: Array.from({length: moves}, () => event.does)};
		}
	}
}

/** Something lies over the screen: the wheel is about that. */
function isOver({view}: Frame): boolean {
	return [view.asking, view.palette, view.own, view.menu, view.config].some((each) => each !== undefined);
}

function select(frame: Frame, hit: Hit, panes: readonly Pane[]): Pick<Pointed, 'actions' | 'keys'> {
	const {facts, view, now} = frame;
	switch (hit.on) {
		case 'tab': {
			return {actions: [], keys: [hit.key]};
		}

		case 'row': {
			if (!isListName(view.screen)) {
				return nothing;
			}

			const {rows, chosen} = selectList(view.screen, facts, view, now);
			const by = rows.findIndex(({id}) => id === hit.id) - (chosen === undefined ? 0 : rows.indexOf(chosen));
			return {actions: by === 0 ? [] : [{type: 'list', does: {type: 'select-row', by}}], keys: []};
		}

		default: {
			const toPane = panes.indexOf(hit.on) - panes.indexOf(view.focus);
			const isThere = view.focus === hit.on || !panes.includes(hit.on);
			const actions: Action[] = isThere ? [] : [{type: 'focus', by: toPane}];
			return {actions: [...actions, ...(hit.id === undefined ? [] : stepsTo(frame, hit.on, hit.id))], keys: []};
		}
	}
}

function stepsTo({facts, view}: Frame, pane: Pane, id: string): Action[] {
	if (pane !== 'gpus') {
		const ids = shownBoxes(facts, view).map((box) => box.id);
		const by = ids.indexOf(id) - ids.indexOf(boxOf({facts, view})?.id ?? id);
		return by === 0 ? [] : [{type: 'select-box', by}];
	}

	const uuids = facts.gpu.readings.map(({uuid}) => uuid);
	const chosen = view.gpuUuid === undefined ? -1 : uuids.indexOf(view.gpuUuid);
	// With none chosen yet, the first step is onto the first one.
	const first: Action[] = chosen < 0 ? [{type: 'select-gpu', by: 1}] : [];
	const by = uuids.indexOf(id) - Math.max(0, chosen);
	return by === 0 ? first : [...first, {type: 'select-gpu', by}];
}

/** What Enter is about, too. */
export function isEnterable(hit: Hit | undefined): boolean {
	return hit?.on === 'row' || ((hit?.on === 'gpus' || hit?.on === 'boxes') && hit.id !== undefined);
}
