/** The tour of the demo host. Loaded only there: a session on a real host has none. */
import type {ReactNode} from 'react';
import {scopesOf} from '../state/key-hints.ts';
import {bindings} from '../state/keymap.ts';
import type {Scope} from '../state/keys/binding.ts';
import {shownKey} from '../state/keys/key-names.ts';
import type {Action, TourState} from '../state/reduce.ts';
import {cardToLose, lossStep, steps} from './steps.ts';
import {advance, type Happened, type Now, partNow, tourFrom} from './tour.ts';
import {TourBar} from './tour-bar.tsx';

export type Tour = {
	first: TourState;
	/** The message when it is closed. */
	leftWith: string;
	/** Its state after a key press, or after a change of the facts. */
	advance(state: TourState, now: Now, happened: Happened): TourState;
	/** Called when a step starts, which may trigger an event on the host. */
	entered(state: TourState, now: Now): void;
	/** How many lines it needs on the screen. */
	lines(state: TourState, size: {columns: number; rows: number}): number;
	draw(state: TourState, now: Now, size: {columns: number; lines: number}): ReactNode;
};

type Options = {
	/** It starts automatically; else on request. */
	shown: boolean;
	/** Makes a card fail. */
	failCard: (index: number) => void;
};

export function createTour({shown, failCard}: Options): Tour {
	const hint = `${keyFor({type: 'tour-step', by: 1})} skips  ${keyFor({type: 'tour'})} leaves`;
	return {
		first: tourFrom(shown),
		leftWith: `Tour closed; ${keyFor({type: 'tour'})} resumes it`,
		advance: (state, now, happened) => advance(steps, state, now, happened),
		entered({step}, now) {
			const index = steps[step]?.id === lossStep ? cardToLose(now) : undefined;
			if (index !== undefined) {
				failCard(index);
			}
		},
		lines: tourLines,
		draw({step, part}, now, {columns, lines}) {
			const current = partNow(steps, {shown: true, step, part});
			const ask = current?.ask(now) ?? {wait: ''};
			return (
				<TourBar
					place={`${step + 1}/${steps.length}`}
					text={current?.text(now) ?? ''}
					press={'press' in ask ? keyFor(ask.press, scopesOf(now.view)) : ''}
					ask={'press' in ask ? ask.to : ask.wait}
					// Where text is typed, the tour's keys are text, and a question takes none of them.
					hint={step === steps.length - 1 || !scopesOf(now.view).includes('tour') ? '' : hint}
					width={columns}
					lines={lines}
				/>
			);
		},
	};
}

/** Three lines, four on a narrow terminal, one on a small one, and none where the session itself has hardly any room. */
function tourLines({shown}: TourState, {columns, rows}: {columns: number; rows: number}): number {
	if (!shown || rows < 11) {
		return 0;
	}

	if (rows < 20 || columns < 60) {
		return 1;
	}

	return columns >= 80 ? 3 : 4;
}

/** The display name of what is to be pressed: for an action, from the table of keys, of the nearest place that has one. */
export function keyFor(action: Action | 'escape', scopes: readonly Scope[] = []): string {
	if (action === 'escape') {
		return shownKey(action);
	}

	const wanted = JSON.stringify(action);
	const all = bindings.filter((binding) => JSON.stringify(binding.action) === wanted);
	const nearest = scopes.flatMap((place) => all.filter(({scope}) => scope === place));
	return shownKey((nearest[0] ?? all[0])?.keys[0] ?? '');
}
