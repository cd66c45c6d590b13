/**
What the screen is drawn from. A frame costs the same whatever changed, so frames are what is saved: changes that come
by themselves are published at most once an interval, changes a person made by a key at once.
*/
export type Store<State> = {
	/** The newest state, for effects and reducers. */
	get(): State;
	/** The state last published, for React. */
	getSnapshot: () => State;
	subscribe: (listener: () => void) => () => void;
	/** Published when the interval is over. */
	change(update: (state: State) => State): void;
	changeNow(update: (state: State) => State): void;
	/** Nothing is published while the terminal is lent to someone else. */
	hold(): void;
	release(): void;
	close(): void;
};

export function createStore<State>(initial: State, options: {intervalMs?: number} = {}): Store<State> {
	const intervalMs = options.intervalMs ?? 250;
	const listeners = new Set<() => void>();
	let newest = initial;
	let published = initial;
	let publishedAt = Number.NEGATIVE_INFINITY;
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
			if (newest === published || timer !== undefined || held || closed) {
				return;
			}

			const wait = publishedAt + intervalMs - Date.now();
			if (wait <= 0) {
				publish();
			} else {
				// A clock that was set back must not stop the picture.
				timer = setTimeout(publish, Math.min(wait, intervalMs));
			}
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
