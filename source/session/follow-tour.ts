import type {Message} from './state/model.ts';
import type {TourState} from './state/reduce.ts';
import {onChange, type SessionState, type SessionStore} from './state/store.ts';
import type {Tour} from './tour/index.tsx';
import type {Happened} from './tour/tour.ts';

/**
Moves the tour on when what its step waits for has happened.

@returns to be called after each key, with what it did
*/
export function followTour(store: SessionStore, tour: Tour): (happened: Happened) => void {
	const nextOf = ({facts, view}: SessionState, happened?: Happened) =>
		view.tour === undefined ? undefined : tour.advance(view.tour, {facts, view}, happened);

	const moveTo = (next: TourState | undefined) => {
		const {facts, view} = store.get();
		if (next === undefined || view.tour === undefined || next === view.tour) {
			return;
		}

		const left: Message = {kind: 'note', text: tour.leftWith, fix: '', passing: true};
		const turned = next.shown === view.tour.shown ? {} : {message: next.shown ? undefined : left};
		store.changeNow((state) => ({facts: {...state.facts, ...turned}, view: {...state.view, tour: next}}));
		if (next.step !== view.tour.step) {
			tour.entered(next, {facts, view});
		}
	};

	onChange(store, nextOf, moveTo);
	return (happened) => moveTo(nextOf(store.get(), happened));
}
