import type {Facts} from './model.ts';
import type {View} from './reduce.ts';
import type {Store} from './store.ts';

export type SessionState = {facts: Facts; view: View};
export type SessionStore = Store<SessionState>;

/** A change of the facts alone. */
export function withFacts(change: (facts: Facts) => Partial<Facts>): (state: SessionState) => SessionState {
	return (state) => ({...state, facts: {...state.facts, ...change(state.facts)}});
}
