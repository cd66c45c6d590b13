import type {ConsentQuestion} from '../../../app/consent.ts';
import type {TrustQuestion} from '../reduce.ts';
import type {SessionStore} from '../store.ts';

export type TrustAsker = {
	/** Shows the question and waits for its answer. @throws the signal's reason when it is aborted */
	ask(question: ConsentQuestion, signal: AbortSignal): Promise<boolean>;
	/** The user's answer. */
	answer(yes: boolean): void;
};

/** Asks one thing at a time. A question that another one has hidden comes back after it. */
export function createTrustAsker(store: SessionStore): TrustAsker {
	let settle: ((yes: boolean) => void) | undefined;
	const show = (asking: TrustQuestion | undefined) => {
		store.changeNow((state) => ({...state, view: {...state.view, asking}}));
	};

	return {
		async ask(question, signal) {
			signal.throwIfAborted();
			const answered = Promise.withResolvers<boolean>();
			const asked: TrustQuestion = {what: 'trust', ...question, top: 0};
			settle = answered.resolve;
			const stop = () => answered.reject(signal.reason);
			signal.addEventListener('abort', stop);
			// The view changes first and the answer comes right behind it.
			const unsubscribe = store.subscribe(() =>
				queueMicrotask(() => {
					if (settle === answered.resolve && !signal.aborted && store.get().view.asking === undefined) {
						show(asked);
					}
				}),
			);
			if (store.get().view.asking === undefined) {
				show(asked);
			}

			try {
				return await answered.promise;
			} finally {
				settle = undefined;
				unsubscribe();
				signal.removeEventListener('abort', stop);
				if (store.get().view.asking?.what === 'trust') {
					show(undefined);
				}
			}
		},
		answer(yes) {
			const told = settle;
			settle = undefined;
			told?.(yes);
		},
	};
}
