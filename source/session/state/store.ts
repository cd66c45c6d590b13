import type {Facts} from './model.ts';
import type {View} from './reduce.ts';

/**
The state that the screen is drawn from. A frame costs the same whatever changed, so there should be few of them: changes that
come on their own are published at most once an interval, changes made by a key at once.
*/
export type Store<State> = {
	/** The newest state, for effects and reducers. */
	get(): State;
	/** The state last published, for React. */
	getSnapshot: () => State;
	subscribe: (listener: () => void) => () => void;
	/** Published when the interval is over. */
	change(update: (state: State) => State): void;
	/** For what no one waits for: published with the next change that comes, or after a while. */
	changeLazily(update: (state: State) => State): void;
	changeNow(update: (state: State) => State): void;
	/** Nothing is published while another program has the terminal. */
	hold(): void;
	release(): void;
	close(): void;
};

/**
Calls `callback` whenever what is selected has become another value.

@returns ends that
*/
export function onChange<State, Selected>(
	store: Pick<Store<State>, 'get' | 'subscribe'>,
	select: (state: State) => Selected,
	callback: (selected: Selected) => void,
): () => void {
	let last = select(store.get());
	return store.subscribe(() => {
		const selected = select(store.get());
		if (!Object.is(selected, last)) {
			// First: what is called may publish a change, which leads here again.
			last = selected;
			callback(selected);
		}
	});
}

/** Longer than between two readings of the GPUs: what waits is published with the next one. */
const lazyMs = 1500;

export function createStore<State>(initial: State, options: {intervalMs?: number} = {}): Store<State> {
	const intervalMs = options.intervalMs ?? 250;
	const listeners = new Set<() => void>();
	let newest = initial;
	let published = initial;
	let publishedAt = Number.NEGATIVE_INFINITY;
	let dueAt = 0;
	let held = false;
	let closed = false;
	let timer: NodeJS.Timeout | undefined;

	const publish = () => {
		clearTimeout(timer);
		timer = undefined;
		if (held || closed || published === newest) {
			return;
		}

		published = newest;
		publishedAt = Date.now();
		for (const listener of listeners) {
			listener();
		}
	};

	/** Publishes what is new after `wait` milliseconds at the latest. */
	const schedule = (wait: number) => {
		if (newest === published || held || closed) {
			return;
		}

		if (wait <= 0) {
			publish();
			return;
		}

		const due = Date.now() + wait;
		if (timer === undefined || due < dueAt) {
			clearTimeout(timer);
			dueAt = due;
			// A clock that was set back must not stop the screen.
			timer = setTimeout(publish, Math.min(wait, Math.max(intervalMs, lazyMs)));
		}
	};

	return {
		get: () => newest,
		getSnapshot: () => published,
		subscribe(listener) {
			listeners.add(listener);
			return () => {
				listeners.delete(listener);
			};
		},
		change(update) {
			newest = update(newest);
			schedule(publishedAt + intervalMs - Date.now());
		},
		changeLazily(update) {
			newest = update(newest);
			schedule(lazyMs);
		},
		changeNow(update) {
			newest = update(newest);
			publish();
		},
		hold() {
			held = true;
			clearTimeout(timer);
			timer = undefined;
		},
		release() {
			held = false;
			publish();
		},
		close() {
			closed = true;
			clearTimeout(timer);
			timer = undefined;
			listeners.clear();
		},
	};
}

export type SessionState = {facts: Facts; view: View};
export type SessionStore = Store<SessionState>;

/** A change of the facts alone. */
export function withFacts(change: (facts: Facts) => Partial<Facts>): (state: SessionState) => SessionState {
	return (state) => ({...state, facts: {...state.facts, ...change(state.facts)}});
}
