import type {Facts} from '../state/model.ts';
import type {Action, Effect, TourState, View} from '../state/reduce.ts';

/** What is shown now. */
export type Now = {facts: Facts; view: View};

/** What a key just did, and the facts before it; undefined when the facts changed without a key. */
export type Happened = {action: Action; effects: Effect[]; before: Facts} | undefined;

/** What to do next: a key, named by what it does, or nothing but to wait. */
/** What to press is an action of the key table, or the key that leads back wherever one is. */
export type Ask = {press: Action | 'escape'; to: string} | {wait: string};

/** Something to read, with one thing to do. */
export type Part = {
	text: (now: Now) => string;
	ask: (now: Now) => Ask;
	/** The thing was done, or there is nothing (more) to do. */
	done: (now: Now, happened: Happened) => boolean;
};

export type Step = {
	id: string;
	parts: [Part, ...Part[]];
	/** Whether there is on this host what it is about. */
	applies: (now: Now) => boolean;
};

/** The initial state; hidden where it starts only on request. */
export function tourFrom(shown: boolean): TourState {
	return {shown, step: 0, part: 0};
}

/**
Where the tour is after something happened: the same object when it did not move. It goes on by the thing that it asks for, to
the next or the previous step by a key of its own, is left and resumed by a third; Esc leaves it too where that has
nothing else to dismiss. Left at its end, it starts again.
*/
export function advance(steps: readonly Step[], state: TourState, now: Now, happened: Happened): TourState {
	switch (happened?.action.type) {
		case 'tour': {
			return toggle(steps, state);
		}

		case 'tour-step': {
			return state.shown ? stepBy(steps, state, now, happened.action.by) : state;
		}

		case 'dismiss': {
			const nothingToPutAway =
				happened.before.message === undefined && now.view.screen === 'main' && happened.effects.length > 0;
			if (state.shown && nothingToPutAway) {
				return {...state, shown: false};
			}

			break;
		}

		default:
	}

	const applies = state.part > 0 || steps[state.step]?.applies(now) === true;
	let next = state.shown && !applies ? stepBy(steps, state, now, 1) : state;
	let news = happened;
	// What was done may leave nothing to do in the parts behind it; a key counts for one of them only.
	while (next.shown && steps[next.step]?.parts[next.part]?.done(now, news) === true) {
		const after = partAfter(steps, next, now);
		if (after === undefined) {
			break;
		}

		next = after;
		news = undefined;
	}

	return next;
}

function toggle(steps: readonly Step[], state: TourState): TourState {
	if (state.shown) {
		return {...state, shown: false};
	}

	return state.step === steps.length - 1 ? tourFrom(true) : {...state, shown: true};
}

/** The nearest step in that direction that applies to this host; stops at the first and the last one. */
function stepBy(steps: readonly Step[], state: TourState, now: Now, by: number): TourState {
	for (let place = state.step + by; place >= 0 && place < steps.length; place += by) {
		if (steps[place]?.applies(now)) {
			return {...state, step: place, part: 0};
		}
	}

	return state;
}

function partAfter(steps: readonly Step[], state: TourState, now: Now): TourState | undefined {
	if (state.part + 1 < (steps[state.step]?.parts.length ?? 0)) {
		return {...state, part: state.part + 1};
	}

	const next = stepBy(steps, state, now, 1);
	return next === state ? undefined : next;
}

/** What is shown of it. */
export function partNow(steps: readonly Step[], state: TourState): Part | undefined {
	return steps[state.step]?.parts[state.part];
}
