import type {Facts} from './facts.ts';
import type {Store} from './store.ts';
import type {View} from './view.ts';

export type SessionState = {facts: Facts; view: View};
export type SessionStore = Store<SessionState>;

/** A change of the facts alone. */
export function withFacts(change: (facts: Facts) => Partial<Facts>): (state: SessionState) => SessionState {
	return (state) => ({...state, facts: {...state.facts, ...change(state.facts)}});
}
