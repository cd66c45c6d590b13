import type {Context} from '../context.ts';
import {withFacts} from '../store.ts';

/** The verbs are declared in the program, which is loaded when the palette is first opened. */
export function loadVerbs({store, loadVerbs: load, fail}: Context): void {
	if (store.get().facts.verbs === undefined) {
		void load()
			.then((verbs) => store.changeNow(withFacts(() => ({verbs}))))
			.catch(fail);
	}
}
